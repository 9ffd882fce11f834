import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import canonicalizeModule from 'canonicalize';

// The package is CommonJS with an ES-style declaration, so the function is the default of the default.
const canonicalize = canonicalizeModule as unknown as (value: unknown) => string | undefined;

/** SHA-256 of a text, as 64 hex characters. */
export function sha256Hex(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}

/**
 * SHA-256 of a JSON value in canonical form (RFC 8785), as 64 hex characters: equal values give equal fingerprints
 * whatever the order of their keys.
 */
export function fingerprint(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('a fingerprint needs a JSON value');
  return sha256Hex(text);
}

/** The first eight hex characters of a fingerprint, for folder names. */
export function fingerprint8(value: unknown): string {
  return fingerprint(value).slice(0, 8);
}

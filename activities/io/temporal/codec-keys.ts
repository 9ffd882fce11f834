import { ConfigError } from '../../../domain/config-error.ts';

/** Keys of the codec by their id; the first one encrypts, all of them decrypt. */
export type CodecKeys = ReadonlyMap<string, Buffer>;

/** The variable, or with `_FILE` the file, that holds the keys. */
export const CODEC_KEYS = 'LONGWRITER_CODEC_KEYS';

/** Bytes of a key of AES-256. */
const KEY_BYTES = 32;

/**
 * Reads `id:base64,id2:base64`; none where nothing is set.
 *
 * Fails with ConfigError, which never holds a key, on what is no key of 32 bytes.
 */
export function readCodecKeys(text: string | undefined): CodecKeys {
  const keys = new Map<string, Buffer>();
  for (const [index, entry] of (text ?? '')
    .split(/[,\s]+/)
    .filter(Boolean)
    .entries()) {
    const [, id, encoded] = /^([\w.-]{1,64}):([A-Za-z0-9+/]+={0,2})$/.exec(entry) ?? [];
    const key = Buffer.from(encoded ?? '', 'base64');
    if (id === undefined || key.length !== KEY_BYTES)
      throw new ConfigError(
        `${CODEC_KEYS}: entry ${index + 1} is no id:base64 of ${KEY_BYTES} bytes; make one with: openssl rand -base64 32`,
      );
    if (keys.has(id)) throw new ConfigError(`${CODEC_KEYS}: two keys have the id ${id}; give each its own`);
    keys.set(id, key);
  }
  return keys;
}

import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ConfigError } from '../configs/load.ts';

/** Milliseconds that a file of the web may take. */
const FETCH_MS = 120_000;

/**
 * Fetches a file of the web, redirects followed. Fails with ConfigError, one line that names the address.
 * @param timeoutMs milliseconds that it may take in all
 */
export async function fetchFile(url: string, localFile: string, timeoutMs = FETCH_MS): Promise<void> {
  const refuse = (why: string) => new ConfigError(`${url} cannot be read (${why})`);
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok || !response.body) throw refuse(`HTTP ${response.status}`);
    await pipeline(Readable.fromWeb(response.body), createWriteStream(localFile));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { name, message, cause } = error as Error & { readonly cause?: { readonly code?: string } };
    throw refuse(name === 'TimeoutError' ? `no whole answer within ${timeoutMs / 1000} s` : (cause?.code ?? message));
  }
}

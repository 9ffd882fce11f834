import type { Storage } from '@google-cloud/storage';
import { gcsClient, problemOf, reasonOf, statusOf } from './gcs-client.ts';
import { within } from './stall.ts';
import { StoreError } from './store.ts';

/** What the bucket may take to answer, milliseconds; looking for credentials on a machine of Google takes three seconds. */
export const CHECK_MS = 10_000;

/**
 * Fails with StoreError, in one line that says what to do, unless there are credentials and the bucket can be listed
 * below a prefix: whoever may use objects may list them, but seldom may look at the bucket itself.
 */
export async function checkBucket(url: string, bucket: string, prefix: string, timeoutMs: number): Promise<void> {
  const client = gcsClient(timeoutMs);
  const emulated = client.apiEndpoint !== 'https://storage.googleapis.com';
  if (!emulated) await checkCredentials(client, url);
  try {
    // The client's own limit ends the connection, too, which else keeps the process; it does not hold for fetching a token.
    await within(timeoutMs + 1000, () =>
      client.bucket(bucket).getFiles({ prefix, maxResults: 1, autoPaginate: false }),
    );
  } catch (error) {
    const status = statusOf(error);
    const server = emulated ? `STORAGE_EMULATOR_HOST ${client.apiEndpoint}` : client.apiEndpoint;
    const mend = emulated ? 'start the emulator, or unset STORAGE_EMULATOR_HOST' : 'look at the network, or try later';
    throw new StoreError(problemOf(error), `store ${url}: ${ADVICE[status ?? 0]?.(bucket) ?? other()}`);
    function other(): string {
      if (status !== undefined && status < 500) return `bucket ${bucket} cannot be used (${status} ${reasonOf(error)})`;
      return status === undefined
        ? `${server} does not answer (${reasonOf(error)}); ${mend}`
        : `${server} answers ${status}; ${mend}`;
    }
  }
}

const forbidden = (bucket: string): string =>
  `bucket ${bucket} is forbidden to these credentials; give their account roles/storage.objectUser on it`;

const ADVICE: Readonly<Record<number, (bucket: string) => string>> = {
  401: forbidden,
  403: forbidden,
  404: (bucket) => `bucket ${bucket} does not exist; create it, or name another in LONGWRITER_STORE`,
};

/** Without credentials the client would ask as nobody, and what it then fails with does not say why. */
async function checkCredentials(client: Storage, url: string): Promise<void> {
  await client.authClient.getClient().catch((error: unknown) => {
    const file = (error as NodeJS.ErrnoException).code === undefined ? '' : ` (${reasonOf(error)})`;
    throw new StoreError(
      'Forbidden',
      `store ${url}: no Google credentials${file}; run gcloud auth application-default login, ` +
        'or let GOOGLE_APPLICATION_CREDENTIALS name a key file',
    );
  });
}

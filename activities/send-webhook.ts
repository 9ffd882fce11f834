import { createHmac } from 'node:crypto';
import { ConfigError } from '../domain/config-error.ts';
import { firingKey } from '../domain/keys.ts';
import { Firing } from '../domain/schemas/evaluation.ts';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import { readJson } from './io/store/json.ts';
import type { RunReference } from './run-files.ts';

/** Milliseconds for which an answer is awaited. */
const ANSWER_MS = 20_000;

export interface SendWebhookInput extends RunReference {
  readonly scheduledAt: string;
}

/**
 * Posts the record of a firing, which holds numbers and no texts, to the address of the run's configuration. Where that names
 * a secret, `X-LongWriter-Signature: sha256=<hex HMAC-SHA-256 of the body>` proves who sent it.
 *
 * Sent again after a lost answer; `schedule` and `scheduledAt` tell the receiver that it is the same firing.
 * Fails with Webhook.Unreachable (no answer, 408, 429, 5xx; tried again), Webhook.Refused or Webhook.SecretMissing.
 */
export async function sendWebhook(
  { store, files, node }: ActivityDeps,
  { scheduledAt, ...reference }: SendWebhookInput,
): Promise<void> {
  const webhook = (await files.config(reference)).evaluation.alone?.firing?.webhook;
  if (!webhook) return;
  const body = JSON.stringify(await readJson(store, firingKey(reference.run, scheduledAt), Firing));
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (webhook.secretEnv !== undefined) headers['x-longwriter-signature'] = sign(body, webhook.secretEnv, node.secret);
  // An address may hold a token; its host says enough.
  const { host } = new URL(webhook.url);
  const signal = AbortSignal.timeout(ANSWER_MS);
  const answer = await fetch(webhook.url, { method: 'POST', headers, body, signal, redirect: 'manual' }).catch(() => {
    throw failure('Webhook.Unreachable', `the webhook at ${host} does not answer`);
  });
  await answer.body?.cancel();
  const { status } = answer;
  if (status >= 200 && status < 300) return;
  const isPassing = status === 408 || status === 429 || status >= 500;
  throw failure(isPassing ? 'Webhook.Unreachable' : 'Webhook.Refused', `the webhook at ${host} answers ${status}`);
}

function sign(body: string, name: string, secret: (name: string) => string | undefined): string {
  const key = readKey(name, secret);
  if (key) return `sha256=${createHmac('sha256', key).update(body).digest('hex')}`;
  throw failure('Webhook.SecretMissing', `${name}, which signs what is sent to the webhook, is not set on the worker`);
}

function readKey(name: string, secret: (name: string) => string | undefined): string | undefined {
  try {
    return secret(name);
  } catch (error) {
    if (error instanceof ConfigError) throw failure('Webhook.SecretMissing', error.message);
    throw error;
  }
}

import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { readEnvironment } from '../../configs/env.ts';
import { startCodecServer } from '../../scripts/commands/codec-server.ts';

const KEYS = `one:${randomBytes(32).toString('base64')}`;
const TOKEN = 'open-sesame';
const UI = 'http://127.0.0.1:8233';
const JSON_TYPE = { 'content-type': 'application/json' };
const base64 = (text: string) => Buffer.from(text).toString('base64');
const PAYLOADS = { payloads: [{ metadata: { encoding: base64('json/plain') }, data: base64('"hello"') }] };

describe('the codec server', () => {
  let server: FastifyInstance | undefined;
  afterEach(() => server?.close());

  const start = async (env: Record<string, string>, options = {}) => {
    const environment = readEnvironment({ LONGWRITER_CODEC_KEYS: KEYS, ...env });
    const started = await startCodecServer(environment, {
      port: '0',
      host: '127.0.0.1',
      web: [UI],
      auth: true,
      ...options,
    });
    ({ server } = started);
    return (path: string, body: unknown, headers: Record<string, string> = {}, method = 'POST') =>
      fetch(`${started.url}${path}`, {
        method,
        headers: { ...(method === 'POST' ? JSON_TYPE : {}), ...headers },
        ...(method === 'POST' ? { body: typeof body === 'string' ? body : JSON.stringify(body) } : {}),
      });
  };
  const allowed = { authorization: `Bearer ${TOKEN}`, 'x-namespace': 'default', origin: UI };

  it('seals and opens for who has the token', async () => {
    const ask = await start({ LONGWRITER_CODEC_TOKEN: TOKEN });
    const sealed = (await (await ask('/encode', PAYLOADS, allowed)).json()) as typeof PAYLOADS;
    expect(Buffer.from(sealed.payloads[0]!.metadata.encoding, 'base64').toString()).toBe('binary/encrypted');
    const opened = await ask('/decode', sealed, allowed);
    expect(opened.headers.get('access-control-allow-origin')).toBe(UI);
    expect(await opened.json()).toEqual(PAYLOADS);
  });

  it('refuses another token, none, and another page', async () => {
    const ask = await start({ LONGWRITER_CODEC_TOKEN: TOKEN });
    expect((await ask('/decode', PAYLOADS)).status).toBe(401);
    expect((await ask('/decode', PAYLOADS, { authorization: 'Bearer open-sesam' })).status).toBe(401);
    const elsewhere = await ask('/decode', PAYLOADS, { ...allowed, origin: 'https://elsewhere.example' });
    expect([elsewhere.status, elsewhere.headers.get('access-control-allow-origin')]).toEqual([403, null]);
  });

  it("answers a browser's question before the call", async () => {
    const ask = await start({ LONGWRITER_CODEC_TOKEN: TOKEN });
    const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' };
    const answer = await ask('/decode', undefined, { origin: UI, ...asked }, 'OPTIONS');
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-headers')).toContain('authorization');
    expect((await ask('/decode', undefined, { origin: 'https://no.example', ...asked }, 'OPTIONS')).status).toBe(403);
  });

  it('answers what is none, or does not open, with what is wrong', async () => {
    const ask = await start({}, { auth: false });
    for (const body of ['no json', '{}', '{"payloads":[{"data":"%%"}]}']) {
      const answer = await ask('/decode', body);
      expect(answer.status).toBe(400);
    }
    const metadata = { encoding: base64('binary/encrypted'), 'encryption-key-id': base64('other') };
    const unknown = await ask('/decode', { payloads: [{ metadata, data: base64('x') }] });
    expect(unknown.status).toBe(400);
    expect(await unknown.text()).toContain('LONGWRITER_CODEC_KEYS lacks');
    expect((await ask('/decode', { payloads: 'x'.repeat(9 * 1024 * 1024) })).status).toBe(413);
  });

  it.each<[string, Record<string, string>, object, RegExp]>([
    ['without keys', { LONGWRITER_CODEC_KEYS: '' }, {}, /^LONGWRITER_CODEC_KEYS is not set/],
    ['without a token', {}, {}, /^LONGWRITER_CODEC_TOKEN is not set/],
    ['open to a network', {}, { auth: false, host: '0.0.0.0' }, /^--no-auth is for loopback only/],
    ['on no port', { LONGWRITER_CODEC_TOKEN: TOKEN }, { port: 'x' }, /^--port: x is no port/],
    ['for no page', { LONGWRITER_CODEC_TOKEN: TOKEN }, { web: ['ui'] }, /^--web: ui is no address/],
  ])('does not start %s', async (_, env, options, message) => {
    await expect(start(env, options)).rejects.toMatchObject({ exitCode: 2, message: expect.stringMatching(message) });
  });
});

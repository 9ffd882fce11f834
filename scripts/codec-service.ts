import { createHash, timingSafeEqual } from 'node:crypto';
import cors from '@fastify/cors';
import type { Payload, PayloadCodec } from '@temporalio/common';
import Fastify, { type FastifyInstance } from 'fastify';
import { z } from 'zod';

/** The most that is taken in one request, bytes: a page of a history. */
const BODY_BYTES = 8 * 1024 * 1024;

/** Payloads as Temporal's UI and command line send them: JSON of the protocol, its bytes in base64. */
const Body = z.object({
  payloads: z.array(
    z.looseObject({ metadata: z.record(z.string(), z.base64()).optional(), data: z.base64().optional() }),
  ),
});

/**
 * A codec over HTTP, `POST /encode` and `POST /decode`, as Temporal's UI and command line ask for it. Logs nothing, and answers
 * 401 without the token, 403 to a page of another origin, 400 to what is none or does not open.
 *
 * @param token what callers send as `authorization: Bearer …`; anybody may call where it is undefined
 * @param origins pages that may call, such as `https://cloud.temporal.io`
 */
export function codecService(
  codec: PayloadCodec,
  { token, origins }: { readonly token: string | undefined; readonly origins: readonly string[] },
): FastifyInstance {
  const server = Fastify({ bodyLimit: BODY_BYTES });
  server.addHook('onRequest', async ({ headers, method }, reply) => {
    const { origin, authorization } = headers;
    // A browser hides the answer from such a page, but it would have been made.
    if (origin !== undefined && !origins.includes(origin))
      return reply.code(403).send({ message: 'this page may not ask; name its origin with --web' });
    if (method !== 'OPTIONS' && token !== undefined && !isSame(authorization, `Bearer ${token}`))
      return reply.code(401).send({ message: 'the authorization header holds another token, or none' });
  });
  void server.register(cors, {
    origin: [...origins],
    methods: ['POST'],
    allowedHeaders: ['authorization', 'content-type', 'x-namespace'],
    credentials: true,
    maxAge: 600,
  });
  for (const direction of ['encode', 'decode'] as const)
    server.post(`/${direction}`, async ({ body }, reply) => {
      const asked = Body.safeParse(body);
      if (!asked.success) return reply.code(400).send({ message: 'expected { "payloads": [{ metadata, data }] }' });
      try {
        return { payloads: (await codec[direction](asked.data.payloads.map(fromJson))).map(toJson) };
      } catch (error) {
        return reply.code(400).send({ message: (error as Error).message });
      }
    });
  return server;
}

function fromJson({ metadata = {}, data }: z.infer<typeof Body>['payloads'][number]): Payload {
  const bytes = Object.entries(metadata).map(([key, value]) => [key, Buffer.from(value, 'base64')]);
  return { metadata: Object.fromEntries(bytes) as Record<string, Uint8Array>, data: Buffer.from(data ?? '', 'base64') };
}

function toJson({ metadata, data }: Payload): object {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const pairs = Object.entries(metadata ?? {}).map(([key, value]) => [key, base64(value)]);
  return { metadata: Object.fromEntries(pairs) as Record<string, string>, data: base64(data ?? new Uint8Array()) };
}

/** Compares hashes, so that the time tells nothing. */
function isSame(given: string | undefined, expected: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given ?? ''), hash(expected));
}

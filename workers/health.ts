import { isIPv6 } from 'node:net';
import fastify from 'fastify';
import type { ServerWatch } from './server-watch.ts';
import type { RunningWorkers } from './run-worker.ts';

/** What the health of a worker process is told by. */
export interface HealthSource {
  readonly roles: readonly string[];
  readonly buildId?: string | undefined;
  /** The workers, once they are started. */
  readonly workers: () => RunningWorkers | undefined;
  readonly server: () => ServerWatch | undefined;
}

/** A server that tells how this process is. */
export interface HealthServer {
  /** Where it listens, such as http://127.0.0.1:8090. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves `GET /healthz` (200 while the process is worth keeping) and `GET /readyz` (200 while it takes work: it polls, was not
 * told to end, and Temporal answers); 503 otherwise. Both tell the same, as JSON. Fails where the port is taken.
 */
export async function serveHealth(
  { host, port }: { readonly host: string; readonly port: number },
  source: HealthSource,
): Promise<HealthServer> {
  const app = fastify({ forceCloseConnections: true });
  app.get('/healthz', (_request, reply) => {
    const health = healthOf(source);
    return reply.code(health.broken ? 503 : 200).send(health);
  });
  app.get('/readyz', (_request, reply) => {
    const health = healthOf(source);
    return reply.code(health.ready ? 200 : 503).send(health);
  });
  await app.listen({ host, port });
  const address = app.server.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  return { url: `http://${isIPv6(host) ? `[${host}]` : host}:${bound}`, close: () => app.close() };
}

function healthOf({ roles, buildId, workers, server }: HealthSource) {
  const { polling, draining, broken, queues } = workers()?.state() ?? {
    polling: false,
    draining: false,
    broken: false,
    queues: [],
  };
  const serverAnswers = server()?.answers() ?? false;
  const ready = polling && serverAnswers;
  return { ready, roles, buildId, starting: workers() === undefined, draining, broken, serverAnswers, queues };
}

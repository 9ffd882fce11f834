import { Client, Connection } from '@temporalio/client';
import { openStore } from '../activities/io/store/open.ts';
import type { Store } from '../activities/io/store/store.ts';
import { dataConverter } from '../activities/io/temporal/codec.ts';
import { temporalPlace } from '../activities/io/temporal/connect.ts';
import { openTracing } from '../activities/io/temporal/tracing.ts';
import { readEnvironment, type Environment } from '../configs/env.ts';
import { connectionTrouble, isListening, namespaceTrouble } from './connection-trouble.ts';

/** What a command works with. */
export interface Session {
  readonly environment: Environment;
  readonly client: Client;
  readonly store: Store;
  close(): Promise<void>;
}

/** Connects to Temporal and opens the store. Fails with exit code 3 where no server answers, and 2 where the settings do not fit it. */
export async function openSession(environment: Environment = readEnvironment()): Promise<Session> {
  const { connection: options, namespace } = await temporalPlace(environment);
  const connectTimeout = (await isListening(options.address)) ? '5s' : '500ms';
  const connection = await Connection.connect({ ...options, connectTimeout }).catch(async (error: unknown) => {
    throw await connectionTrouble(options, error);
  });
  const tracing = await openTracing(environment.telemetry, (message) => console.error(`longwriter: ${message}`));
  return {
    environment,
    client: new Client({
      connection,
      namespace,
      dataConverter: dataConverter(environment),
      interceptors: { workflow: tracing?.clientInterceptors ?? [] },
    }),
    store: openStore(environment.storeUrl),
    async close() {
      await tracing?.flush();
      await connection.close();
    },
  };
}

/** Runs a command's work in a session, and closes it. */
export async function withSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
  const session = await openSession();
  try {
    return await work(session);
  } catch (error) {
    throw namespaceTrouble(session.client.options.namespace, error);
  } finally {
    await session.close();
  }
}

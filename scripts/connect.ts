import { Client, Connection } from '@temporalio/client';
import { openStore } from '../activities/io/store/open.ts';
import type { Store } from '../activities/io/store/store.ts';
import { readEnvironment, type Environment } from '../configs/env.ts';
import { CommandError, EXIT } from './exit.ts';

/** What a command works with. */
export interface Session {
  readonly environment: Environment;
  readonly client: Client;
  readonly store: Store;
  close(): Promise<void>;
}

/** Connects to Temporal and opens the store. Fails with exit code 3 where no server answers. */
export async function openSession(environment: Environment = readEnvironment()): Promise<Session> {
  const { temporalAddress: address, temporalNamespace: namespace } = environment;
  const connection = await Connection.connect({ address, connectTimeout: '5s' }).catch(() => {
    throw new CommandError(
      EXIT.unreachable,
      `no Temporal server answers at ${address}; start one with npm run longwriter -- dev, or set TEMPORAL_ADDRESS`,
    );
  });
  return {
    environment,
    client: new Client({ connection, namespace }),
    store: openStore(environment.storeUrl),
    close: () => connection.close(),
  };
}

/** Runs a command's work in a session, and closes it. */
export async function withSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
  const session = await openSession();
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

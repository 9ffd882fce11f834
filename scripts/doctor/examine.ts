import { randomUUID } from 'node:crypto';
import { openStore } from '../../activities/io/store/open.ts';
import { StoreError, type Store } from '../../activities/io/store/store.ts';
import { tryStore } from '../../activities/io/store/try-store.ts';
import { codeVersion } from '../../configs/code-version.ts';
import type { Environment } from '../../configs/env.ts';
import type { Finding, ListedQueue, QueueLook } from '../../domain/doctor.ts';
import { endpointFinding } from '../../domain/endpoint-finding.ts';
import { doctorKey } from '../../domain/keys.ts';
import { askable, queueFinding } from '../../domain/queue-findings.ts';
import { clockFinding, workerFindings } from '../../domain/worker-findings.ts';
import { openSession, type Session } from '../connect.ts';
import { CommandError, EXIT } from '../exit.ts';
import { QUEUES, type Needs } from './needs.ts';
import { listQueues } from './queues.ts';
import { attributesFinding, serverFindings } from './server.ts';
import { asksFor, lookAround, queueProblems } from './workers.ts';

/** What a look around is to find out. */
export interface Examination {
  readonly needs: Needs;
  /** Whether missing search attributes are registered. */
  readonly fix: boolean;
  /** Milliseconds for which workers are waited for. */
  readonly waitMs: number;
  /** Milliseconds since 1970, by the clock that is held against the server's. */
  readonly now?: () => number;
}

/** All findings; `reached` is whether a server answers. What is left in the store for workers to find is removed again. */
export async function examine(
  environment: Environment,
  examination: Examination,
): Promise<{ readonly findings: Finding[]; readonly reached: boolean }> {
  const id = randomUUID().slice(0, 8);
  const marker = doctorKey(id);
  const store = openStore(environment.storeUrl);
  const ofStore = await storeFinding(store, marker);
  try {
    const session = await openSession(environment);
    try {
      return { findings: await examineServer(session, examination, id, marker, ofStore), reached: true };
    } finally {
      await session.close();
    }
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const unreached: Finding = { check: 'Temporal', state: 'fail', found: error.message };
    return { findings: [unreached, ofStore], reached: error.exitCode !== EXIT.unreachable };
  } finally {
    if (ofStore.state === 'ok') await store.remove(marker);
  }
}

/** Whether the store is open to this command and keeps its promises; leaves a marker there for workers to find. */
async function storeFinding(store: Store, marker: string): Promise<Finding> {
  try {
    await tryStore(store, `${marker}-command`);
    await store.createIfAbsent(marker, new TextEncoder().encode(marker));
    return { check: 'store', state: 'ok', found: `${store.url}: written, read, and nothing created twice` };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { check: 'store', state: 'fail', found: error.message };
  }
}

async function examineServer(
  { client, store }: Session,
  { needs, fix, waitMs, now = Date.now }: Examination,
  id: string,
  marker: string,
  ofStore: Finding,
): Promise<Finding[]> {
  const server = await serverFindings(client);
  if (!server.usable) return [...server.findings, ofStore];
  const attributes = await attributesFinding(client, fix);
  const listed = await listQueues(client, QUEUES, needs.queues, waitMs, now);
  // A look around may take longer than a worker's poll stays fresh.
  const listedAt = now();
  const { looks, problem, skewMs } = await lookAround(
    client,
    id,
    asksFor(askable(listed, listedAt), needs, marker),
    waitMs,
    now,
  );
  const expected = {
    code: codeVersion(),
    storeUrl: store.url,
    hasStore: ofStore.state === 'ok',
    needsTraining: needs.needsTraining,
  };
  return [
    ...server.findings,
    attributes,
    ofStore,
    clockFinding('clock', skewMs),
    ...queueFindings(listed, listedAt - skewMs),
    ...(problem ? [problem] : []),
    ...queueProblems(looks, needs.queues, waitMs),
    ...workerFindings(looks, expected),
    ...endpointFindings(needs, looks),
  ];
}

const queueFindings = (listed: readonly ListedQueue[], serverNow: number): Finding[] =>
  listed.map((queue) => queueFinding(queue, serverNow));

/** A line for each endpoint; one that no worker asked is told by its queue, and here by that alone. */
function endpointFindings({ endpoints }: Needs, looks: readonly QueueLook[]): Finding[] {
  return endpoints.map((need) => {
    const seen = looks.find(({ queue, look }) => queue === need.queue && look)?.look;
    const look = seen?.endpoints.find(({ name }) => name === need.ask.name);
    if (look) return endpointFinding(need, look);
    return { check: `endpoint ${need.ask.name}`, state: 'warn', found: `not asked: no worker of ${need.queue} looked` };
  });
}

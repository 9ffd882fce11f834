import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { WorkerAsk, WorkerLook } from '../domain/doctor.ts';
import { doctorKey } from '../domain/keys.ts';
import { checkEndpoint } from './check-endpoint.ts';
import { checkNode } from './check-node.ts';
import type { ActivityDeps } from './deps.ts';
import { whileBeating } from './heartbeat.ts';
import { StoreError, type Store } from './io/store/store.ts';
import { tryStore } from './io/store/try-store.ts';

/**
 * What a worker sees: its store, the endpoints that it would call, the node that it is on. What is wrong there is part of
 * the answer; it fails only where a check has a defect of its own.
 */
export function checkWorker(deps: ActivityDeps, ask: WorkerAsk): Promise<WorkerLook> {
  return whileBeating(async (signal) => {
    const worker = `${process.pid}@${hostname()}`;
    const at = Date.now();
    const store = await lookAtStore(deps.store, ask.marker);
    const endpoints = await Promise.all(ask.endpoints.map((endpoint) => checkEndpoint(deps, endpoint, signal)));
    const node = ask.node && (await checkNode(deps, ask.node, signal));
    return { worker, code: deps.node.code, at, store, endpoints, ...(node ? { node } : {}) };
  });
}

async function lookAtStore(store: Store, marker: string): Promise<WorkerLook['store']> {
  const { url } = store;
  try {
    // A name of its own: a worker of several queues looks for each of them at once.
    await tryStore(store, doctorKey(randomUUID()));
    return { url, isOurs: (await store.find(marker)) !== undefined };
  } catch (error) {
    if (error instanceof StoreError) return { url, isOurs: false, problem: error.message };
    throw error;
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { controlKey } from '../domain/keys.ts';
import { Control } from '../domain/schemas/run.ts';
import { findJson, jsonBytes } from './io/store/json.ts';
import type { Store } from './io/store/store.ts';

/** How old a read of control.json may be, milliseconds. */
const FRESH_MS = 1000;

/** Stops new calls of paused runs in this process, whatever the number of workflows. */
export interface Gate {
  isOpen(run: string): Promise<boolean>;
  /**
   * Waits until the run is not paused, for so many milliseconds at most; returns whether it is open. Fails with the
   * signal's reason.
   */
  waitUntilOpen(run: string, signal: AbortSignal, withinMs?: number): Promise<boolean>;
  /** Pauses a run with the reason; a run that is paused already keeps its first reason. */
  pause(run: string, reason: { readonly type: string; readonly message: string }): Promise<void>;
}

/** Makes the gate of one worker process; each run's control.json is read at most once a second. */
export function makeGate(store: Store): Gate {
  const reads = new Map<string, { at: number; control: Promise<Control> }>();
  const read = (run: string): Promise<Control> => {
    const last = reads.get(run);
    if (last && Date.now() - last.at < FRESH_MS) return last.control;
    const control = findJson(store, controlKey(run), Control).then((found) => found ?? { paused: false });
    reads.set(run, { at: Date.now(), control });
    return control;
  };
  const isOpen = async (run: string) => !(await read(run)).paused;
  return {
    isOpen,
    async waitUntilOpen(run, signal, withinMs = Number.POSITIVE_INFINITY) {
      const startedAt = performance.now();
      while (!(await isOpen(run))) {
        if (performance.now() - startedAt >= withinMs) return false;
        await sleep(FRESH_MS / 4, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
      return true;
    },
    async pause(run, reason) {
      reads.delete(run);
      if (!(await isOpen(run))) return;
      await store.putView(controlKey(run), jsonBytes({ paused: true, ...reason } satisfies Control));
      reads.delete(run);
    },
  };
}

import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT } from './exit.ts';
import type { ProgressView } from './progress-view.ts';
import type { RunStatus } from './run-progress.ts';

/**
 * Follows a run until it ends, or until the signal: then it returns at once, with what was seen last.
 *
 * @param look asks how far the run is
 */
export async function watchRun(
  look: () => Promise<RunStatus>,
  options: {
    readonly view: ProgressView;
    readonly signal?: AbortSignal;
    /** Whether to end when the run pauses by itself; one that a person paused is followed on. */
    readonly leaveWhenPaused?: boolean;
    /** What ends the watching instead of the run's own end. */
    readonly until?: Promise<unknown>;
    /** Milliseconds between two looks; a second where unset. */
    readonly lookMs?: number;
  },
): Promise<RunStatus | undefined> {
  const { view, signal, leaveWhenPaused, until, lookMs = 1000 } = options;
  const over = new AbortController();
  const stop = AbortSignal.any([over.signal, ...(signal ? [signal] : [])]);
  void until?.then(
    () => over.abort(),
    () => over.abort(),
  );
  const stopped = new Promise<undefined>((resolve) => {
    stop.addEventListener('abort', () => resolve(undefined), { once: true });
    if (stop.aborted) resolve(undefined);
  });
  let progress: RunStatus | undefined;
  try {
    for (;;) {
      const seen = await Promise.race([look(), stopped]);
      if (!seen) return progress;
      progress = seen;
      view.show(seen);
      const left = seen.state === 'paused' && leaveWhenPaused && !seen.message.startsWith('requested');
      const isOpen = until !== undefined || seen.state === 'running' || seen.state === 'paused';
      if (!isOpen || left) return seen;
      await sleep(lookMs, undefined, { signal: stop }).catch(() => undefined);
    }
  } finally {
    view.end();
  }
}

/**
 * Does work that Ctrl-C only ends the watching of: the first one ends it by the signal, and is told; a second one ends the
 * program at once.
 *
 * @param how the command that goes on watching
 */
export async function detachable(how: string, work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const detach = new AbortController();
  const onInterrupt = () => {
    if (detach.signal.aborted) process.exit(EXIT.interrupted);
    detach.abort();
  };
  process.on('SIGINT', onInterrupt);
  try {
    const exitCode = await work(detach.signal);
    if (!detach.signal.aborted) return exitCode;
    // A terminal has put ^C at the beginning of the line.
    console.error(`${process.stderr.isTTY ? '\n' : ''}detached; the run goes on: ${how}`);
    return EXIT.interrupted;
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

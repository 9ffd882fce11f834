import { setTimeout as sleep } from 'node:timers/promises';
import { stageLine, type RunProgress } from '../domain/progress.ts';

/** Steps between two lines of a stage that counts, as a share of its total. */
const SHARE = 0.1;

/**
 * Follows a run until it ends, printing a line whenever a stage or its phase changes, or it has gone on by a tenth.
 *
 * @param look asks how far the run is
 */
export async function watchRun(
  look: () => Promise<RunProgress>,
  options: {
    readonly print: (line: string) => void;
    readonly json?: boolean;
    readonly signal?: AbortSignal;
    /** Whether to end when the run pauses by itself; one that a person paused is followed on. */
    readonly leaveWhenPaused?: boolean;
    /** Milliseconds between two looks; a second where unset. */
    readonly lookMs?: number;
  },
): Promise<RunProgress> {
  const printed = new Map<string, string>();
  let message = '';
  for (;;) {
    const progress = await look();
    if (options.json) options.print(JSON.stringify(progress));
    else {
      for (const stage of progress.stages) {
        if (stage.state === 'waiting' || stage.state === 'skipped') continue;
        const tenth = stage.total === 0 ? 0 : Math.floor(stage.done / (stage.total * SHARE));
        const key = `${stage.state} ${stage.phase ?? ''} ${tenth}`;
        if (printed.get(stage.stage) !== key) options.print(stageLine(stage));
        printed.set(stage.stage, key);
      }
      if (progress.message !== message && progress.message !== '')
        options.print(`${progress.state}: ${progress.message}`);
      message = progress.message;
    }
    const left = progress.state === 'paused' && options.leaveWhenPaused && !progress.message.startsWith('requested');
    const open = progress.state === 'running' || progress.state === 'paused';
    if (!open || left || options.signal?.aborted) return progress;
    await sleep(options.lookMs ?? 1000, undefined, options.signal ? { signal: options.signal } : {}).catch(
      () => undefined,
    );
  }
}

import type { ActivityDeps } from './deps.ts';

export interface PauseRunInput {
  readonly run: string;
  readonly type: string;
  readonly message: string;
}

/** Pauses a run with the reason; one that is paused already keeps its first reason. */
export async function pauseRun(deps: ActivityDeps, { run, ...reason }: PauseRunInput): Promise<void> {
  await deps.gate.pause(run, reason);
}

/** A training job, ready in its folder: `job.json` is there, `events.jsonl` and `trainer.log` will be. */
export interface LaunchedJob {
  /** Ends in the fingerprint of what is trained; a launcher knows the job again by it. */
  readonly id: string;
  /** The job's own folder on this node: the truth about the job. */
  readonly folder: string;
  /** The command with its arguments, filled in. */
  readonly command: readonly string[];
}

/** How far a job is. */
export type JobState =
  | { readonly state: 'absent' }
  | { readonly state: 'pending' }
  | { readonly state: 'running' }
  | { readonly state: 'ended'; readonly exitCode: number };

/** How a job gets onto a GPU node. */
export interface Launcher {
  /** Starts a job unless it is pending or running already. */
  submit(job: LaunchedJob): Promise<void>;
  state(job: LaunchedJob): Promise<JobState>;
  /** Ends a job and all of its processes, giving it `graceMs` to save. */
  cancel(job: LaunchedJob, graceMs: number): Promise<void>;
}

/** A job, ready in its folder: a training, a probe of a model, a model server. */
export interface LaunchedJob {
  /** Ends in the fingerprint of what is done; a launcher knows the job again by it. Letters, digits, dots and hyphens. */
  readonly id: string;
  /** The job's own folder, seen by the worker and by the node that runs it: the truth about the job. */
  readonly folder: string;
  /** The command with its arguments, filled in. */
  readonly command: readonly string[];
  /** Name of the file, in its folder, to which its output is appended; `trainer.log` where unset. */
  readonly log?: string;
  /** Whether it has no end of its own, as a server: exit code 0 then says no more of it than another. */
  readonly endless?: boolean;
}

/** How far a job is; `detail` says in a few words what it waits for, where it runs, or what became of it. */
export type JobState = { readonly detail?: string } & (
  | { readonly state: 'absent' }
  | { readonly state: 'pending' }
  | { readonly state: 'running' }
  | { readonly state: 'ended'; readonly exitCode: number }
);

/** How a job gets onto a GPU node. */
export interface Launcher {
  /** Whether only a worker of this machine finds the job again, or any worker that shares the job's folder. */
  readonly reach: 'machine' | 'cluster';
  /** Starts a job unless it is pending or running already. */
  submit(job: LaunchedJob): Promise<void>;
  state(job: LaunchedJob): Promise<JobState>;
  /** Ends a job and all of its processes, giving it `graceMs` to save. A job that is not there is no error. */
  cancel(job: LaunchedJob, graceMs: number): Promise<void>;
}

/** The job is refused as it is, what would run it is not on this machine, or it does not answer for now. */
export type LauncherProblem = 'Refused' | 'Unavailable' | 'Unreachable';

/** What went wrong between a worker and what runs its jobs; becomes the failure `Launcher.<problem>`. */
export class LauncherError extends Error {
  readonly problem: LauncherProblem;

  constructor(problem: LauncherProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

/** The log of a job. */
export const logName = (job: LaunchedJob): string => job.log ?? 'trainer.log';

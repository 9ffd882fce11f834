/**
 * Every failure that crosses a Temporal boundary, and what the pipeline does about it:
 * `retry`: Temporal tries again, without a maximum; `pause`: the run pauses once with the message, and the step is
 * repeated after a resume; `fail`: the sample, or the stage, fails with the message.
 */
export const FAILURES = {
  'Model.RateLimited': 'retry',
  'Model.ServerError': 'retry',
  'Model.Unreachable': 'retry',
  'Model.TimedOut': 'retry',
  'Model.NotServed': 'retry',
  'Model.Unauthorized': 'pause',
  'Model.QuotaSpent': 'pause',
  'Model.NotFound': 'pause',
  'Model.KeyMissing': 'pause',
  'Model.Gone': 'pause',
  'Model.BadRequest': 'fail',
  'Model.ContextExceeded': 'fail',
  'Budget.Reached': 'pause',
  'Serving.Failed': 'pause',
  'Serving.Misconfigured': 'fail',
  'Serving.WaitExceeded': 'fail',
  'Completions.Failed': 'fail',
  'Store.Unavailable': 'retry',
  'Store.Forbidden': 'pause',
  'Store.Missing': 'fail',
  'Store.Corrupt': 'fail',
  'Store.Conflict': 'fail',
  'Config.Invalid': 'fail',
  'Rows.Unreadable': 'fail',
  'Instructions.Invalid': 'fail',
  'Selection.Failed': 'fail',
  'Dataset.Empty': 'fail',
  'Dataset.Invalid': 'fail',
  'Preferences.Empty': 'fail',
  'Preferences.Invalid': 'fail',
  'Benchmark.Invalid': 'fail',
  'Predictions.Invalid': 'fail',
  'Stage.Missing': 'fail',
  'Run.Paused': 'retry',
  'Run.TooManyRejected': 'pause',
  'Run.TooManyFailed': 'pause',
  'Launcher.Refused': 'fail',
  'Launcher.Unavailable': 'fail',
  'Launcher.Unreachable': 'retry',
  'Trainer.Crashed': 'retry',
  'Trainer.Stalled': 'retry',
  'Trainer.Stopped': 'retry',
  'Trainer.JobInvalid': 'fail',
  'Trainer.DataInvalid': 'fail',
  'Trainer.OutOfMemory': 'fail',
  'Trainer.DiskFull': 'pause',
  'Trainer.Diverged': 'fail',
  'Training.Regressed': 'fail',
  'Worker.Draining': 'retry',
  'Webhook.Unreachable': 'retry',
  'Webhook.Refused': 'fail',
  'Webhook.SecretMissing': 'fail',
} as const satisfies Record<string, 'retry' | 'pause' | 'fail'>;

/** The type of a failure, spelled `Subject.Problem`. */
export type FailureType = keyof typeof FAILURES;

/** Whether a text is one of our failure types. */
export function isFailureType(type: unknown): type is FailureType {
  return typeof type === 'string' && Object.hasOwn(FAILURES, type);
}

/** Failures of serving one model after which the run pauses, instead of starting the server again. */
export const SERVING_FAILURES_TO_PAUSE = 3;

import {
  ApplicationFailure,
  CancellationScope,
  executeChild,
  isCancellation,
  log,
  setCurrentDetails,
  sleep,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { RecordedFiring } from '../activities/record-firing.ts';
import type { RunConfig } from '../configs/schema.ts';
import { factsOf } from '../domain/run-details.ts';
import { runAttributes } from './attributes.ts';
import { failureBehind } from './failures.ts';
import { assembly, outside, pipeline } from './proxies.ts';
import { runPipeline } from './run-pipeline.ts';

export interface ReevaluateInput {
  readonly run: string;
  /** Revision of the frozen configuration. */
  readonly revision: number;
  /** The frozen configuration itself, which has `evaluation.alone.firing`. */
  readonly config: RunConfig;
  readonly schedule: string;
  /** Whether the namespace has our search attributes; setting one that it has not would hang the workflow. */
  readonly attributes: boolean;
}

export interface ReevaluateOutcome extends Pick<RecordedFiring, 'outcome' | 'message'> {
  readonly scheduledAt: string;
  /** What became of the webhook, where there was something to tell it. */
  readonly webhook?: string;
}

/**
 * One firing of a schedule: evaluates the run anew, holds the scores against the last firing's, tells a webhook, and pauses
 * the schedule after too many failures in a row. Ends as failed where the evaluation did, so that the list shows it.
 */
export async function reevaluate(input: ReevaluateInput): Promise<ReevaluateOutcome> {
  const { run, revision, schedule } = input;
  const scheduledAt = dueTime();
  const failure = await evaluateAnew(input, scheduledAt);
  const endedAt = new Date().toISOString();
  const recorded = await assembly.recordFiring({
    run,
    revision,
    schedule,
    scheduledAt,
    endedAt,
    failure: failure?.message,
  });
  const { outcome, message } = recorded;
  log.info('firing ended', { run, outcome });
  show(input, recorded);
  const type = failure?.type ?? 'Completions.Failed';
  const isPaused = await pauseAfterFailures(input, recorded, type);
  const webhook = outcome === 'steady' ? undefined : await tellWebhook(input, scheduledAt);
  if (webhook !== undefined) show(input, recorded, webhook);
  if (outcome === 'failed') {
    const said = isPaused ? `${message} (the schedule is paused now)` : message;
    throw ApplicationFailure.nonRetryable(said, type);
  }
  return { outcome, message, scheduledAt, ...(webhook === undefined ? {} : { webhook }) };
}

/** The nominal time of the firing: jitter, a queue or a server that was down do not move it. */
function dueTime(): string {
  const { typedSearchAttributes, startTime } = workflowInfo();
  const due = typedSearchAttributes.get(defineSearchAttributeKey('TemporalScheduledStartTime', 'DATETIME'));
  return (due ?? startTime).toISOString();
}

/** Walks the run's evaluation and report under its own id, as any run is; returns why it failed, where it did. */
async function evaluateAnew(
  { run, revision, config, schedule, attributes }: ReevaluateInput,
  scheduledAt: string,
): Promise<{ readonly type: string; readonly message: string } | undefined> {
  const judgeOnly = config.evaluation.alone?.firing?.judgeOnly ?? false;
  const fresh = { judgements: scheduledAt, ...(judgeOnly ? {} : { completions: scheduledAt }) };
  try {
    await startOnce(run, () =>
      executeChild(runPipeline, {
        workflowId: run,
        args: [{ run, revision, config, from: 'evaluate', until: 'report', fresh, unattended: true, attributes }],
        memo: { revision, until: 'report' },
        staticSummary: `LongWriter run ${run}, due ${scheduledAt}`,
        staticDetails: factsOf('One firing of a schedule: the evaluation and its report, asked anew.', {
          ...{ run, schedule, due: scheduledAt, revision },
        }),
        typedSearchAttributes: attributes ? runAttributes(run) : [],
      }),
    );
    return undefined;
  } catch (error) {
    if (CancellationScope.current().consideredCancelled) throw error;
    if (isCancellation(error)) return { type: 'Cancelled', message: 'the evaluation was cancelled by a person' };
    const behind = failureBehind(error);
    // Such as a run that somebody terminated.
    if (!behind) return { type: 'Completions.Failed', message: `the evaluation ended: ${causeOf(error)}` };
    return { type: behind.type, message: `${behind.type}: ${behind.message}` };
  }
}

/** Minutes that a run which somebody started by hand may hold a firing up. */
const BUSY_MINUTES = 60;

/** Starts the run when it is not running; one that a person resumed by hand is left alone. */
async function startOnce(run: string, start: () => Promise<unknown>): Promise<void> {
  for (let minutes = 0; ; minutes++) {
    try {
      await start();
      return;
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      if (minutes >= BUSY_MINUTES)
        throw ApplicationFailure.nonRetryable(
          `run ${run} has been running for an hour beside the schedule`,
          'Completions.Failed',
        );
      await sleep('1 minute', { summary: `run ${run} is running already` });
    }
  }
}

/** The innermost message of an error. */
function causeOf(error: unknown): string {
  let current = error;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  return current instanceof Error ? current.message : String(current);
}

/**
 * Pauses the schedule where it failed too often in a row: somebody has to look, and each firing costs. The note tells the
 * type alone, since no codec seals it; the message is in the firing's memo.
 */
async function pauseAfterFailures(
  { config, schedule }: ReevaluateInput,
  { outcome, failuresInARow }: RecordedFiring,
  type: string,
): Promise<boolean> {
  const most = config.evaluation.alone?.firing?.maxFailures;
  if (outcome !== 'failed' || most === undefined || failuresInARow < most) return false;
  const note = `paused after ${failuresInARow} failed firings in a row; the last: ${type}, told in its memo`;
  await pipeline.pauseSchedule({ schedule, note });
  return true;
}

/** Tells the webhook; one that cannot be told fails nothing, and is said in the firing. */
async function tellWebhook(
  { run, revision, config }: ReevaluateInput,
  scheduledAt: string,
): Promise<string | undefined> {
  if (!config.evaluation.alone?.firing?.webhook) return undefined;
  try {
    await outside.sendWebhook.executeWithOptions({ summary: 'tell the webhook' }, [{ run, revision, scheduledAt }]);
    return 'sent';
  } catch (error) {
    if (isCancellation(error)) throw error;
    const reason = failureBehind(error)?.message ?? 'no answer within an hour';
    log.warn('webhook not told', { run, reason });
    return `not sent: ${reason}`;
  }
}

/** What the UI shows of the firing, in the list where the server has the attribute for it. */
function show(
  { attributes }: ReevaluateInput,
  { outcome, message }: Pick<RecordedFiring, 'outcome' | 'message'>,
  webhook?: string,
): void {
  upsertMemo({ outcome, message, ...(webhook === undefined ? {} : { webhook }) });
  if (attributes) upsertSearchAttributes([{ key: defineSearchAttributeKey('LwState', 'KEYWORD'), value: outcome }]);
  setCurrentDetails(
    [`**${outcome}**: ${message}`, ...(webhook === undefined ? [] : ['', `Webhook ${webhook}.`])].join('\n'),
  );
}

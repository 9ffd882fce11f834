import { proxyActivities } from '@temporalio/workflow';
import type { GpuActivities, LlmActivities, PipelineActivities } from '../activities/index.ts';
import { endpointQueue, GPU_QUEUE, PIPELINE_QUEUE, type EndpointName } from '../domain/names.ts';
import { withSummaries } from './summaries.ts';

// No maximum of attempts anywhere: what must not be tried again is thrown as non-retryable, and a worker's shutdown
// counts as an attempt, so a maximum would make three deploys fail a call.
const retry = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1 minute' } as const;

/** A worker that is gone is noticed after this long. Longer than a busy machine may keep a process from beating. */
const heartbeatTimeout = '20s';

/**
 * A cancelled call or job is waited for, about a second: the next stage does not meet a full GPU, and a run that is started
 * again at once meets no call of the old execution that was held at the gate, pays with it or pauses the run.
 */
const cancellationType = 'WAIT_CANCELLATION_COMPLETED';

/** Light activities: look-ups, joins, files of the store. */
export const pipeline = withSummaries(
  proxyActivities<PipelineActivities>({
    taskQueue: PIPELINE_QUEUE,
    // A look-up over a partition of 500, on a busy machine and a distant bucket.
    startToCloseTimeout: '10 minutes',
    retry,
  }),
);

/** Activities that stream over a whole run. */
export const assembly = withSummaries(
  proxyActivities<
    Pick<
      PipelineActivities,
      | 'listCandidates'
      | 'selectInstructions'
      | 'importSamples'
      | 'assembleDataset'
      | 'listPrompts'
      | 'restoreCompletions'
      | 'identifyModel'
      | 'importCompletions'
      | 'buildPreferencePairs'
      | 'prepareRows'
      | 'prepareCalibration'
      | 'scoreCalibration'
      | 'scoreEvaluation'
      | 'publishReport'
      | 'recordFiring'
    >
  >({
    taskQueue: PIPELINE_QUEUE,
    startToCloseTimeout: '6 hours',
    heartbeatTimeout,
    retry,
  }),
);

/** What a firing tells the world of: an hour of trying, then it is told in the firing alone. */
export const outside = withSummaries(
  proxyActivities<Pick<PipelineActivities, 'sendWebhook'>>({
    taskQueue: PIPELINE_QUEUE,
    startToCloseTimeout: '30 seconds',
    scheduleToCloseTimeout: '1 hour',
    retry,
  }),
);

/** Activities that wait while the run is paused, and so have no limit of their own. */
export const waiting = withSummaries(
  proxyActivities<Pick<PipelineActivities, 'askAllowance'>>({
    taskQueue: PIPELINE_QUEUE,
    startToCloseTimeout: '365 days',
    heartbeatTimeout,
    cancellationType,
    retry,
  }),
);

/** Activities that call the model of an endpoint. */
export function llm(endpoint: EndpointName) {
  return withSummaries(
    proxyActivities<LlmActivities>({
      taskQueue: endpointQueue(endpoint),
      // A call waits for its turn as long as others are before it, so this is no limit on the call itself; that is the endpoint's.
      startToCloseTimeout: '30 days',
      heartbeatTimeout,
      cancellationType,
      retry,
    }),
  );
}

/** Activities on a GPU node. */
export const gpu = withSummaries(
  proxyActivities<GpuActivities>({
    taskQueue: GPU_QUEUE,
    startToCloseTimeout: '60 days',
    heartbeatTimeout,
    cancellationType,
    retry,
  }),
);

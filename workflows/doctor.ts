import { ActivityFailure, ApplicationFailure, proxyActivities, TimeoutFailure } from '@temporalio/workflow';
import type { PipelineActivities } from '../activities/index.ts';
import type { QueueAsk, QueueLook } from '../domain/doctor.ts';

export interface DoctorInput {
  readonly asks: readonly QueueAsk[];
  /** Seconds until a worker of each queue must have taken its check. */
  readonly waitSeconds: number;
}

/** Has workers of each queue look around, all at once; a queue that nobody serves holds up none of the others. */
export async function doctor({ asks, waitSeconds }: DoctorInput): Promise<QueueLook[]> {
  return Promise.all(asks.flatMap((ask) => Array.from({ length: ask.copies }, () => lookFrom(ask, waitSeconds))));
}

async function lookFrom({ queue, ask }: QueueAsk, waitSeconds: number): Promise<QueueLook> {
  const { checkWorker } = proxyActivities<Pick<PipelineActivities, 'checkWorker'>>({
    taskQueue: queue,
    scheduleToStartTimeout: `${waitSeconds}s`,
    // Two small answers of a slow model, or Python loading what trains.
    startToCloseTimeout: '4 minutes',
    heartbeatTimeout: '20s',
    // It tells what it met once, and waits for nothing to mend itself.
    retry: { maximumAttempts: 1 },
  });
  const askedAt = Date.now();
  try {
    const look = await checkWorker.executeWithOptions({ summary: `look around from ${queue}` }, [ask]);
    return { queue, askedAt, answeredAt: Date.now(), look };
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return { queue, askedAt, answeredAt: Date.now(), problem: problemOf(error.cause) };
  }
}

function problemOf(cause: Error | undefined): NonNullable<QueueLook['problem']> {
  const message = cause?.message ?? 'unknown';
  if (cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START') return { kind: 'untaken', message };
  const isUnknown = cause instanceof ApplicationFailure && cause.type === 'NotFoundError';
  return { kind: isUnknown ? 'unknown' : 'failed', message };
}

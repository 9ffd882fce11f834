import { Context } from '@temporalio/activity';
import { shortMessage } from '../domain/progress.ts';
import type { TrainerEvent } from '../domain/schemas/trainer.ts';
import {
  followTraining,
  trainedLine,
  trainingLine,
  UNKNOWN_TRAINING,
  type TrainingProgress,
} from '../domain/training-progress.ts';
import type { JobState } from './io/launcher/launcher.ts';
import type { Metrics } from './metrics.ts';
import { tellRun } from './tell-run.ts';

/** Tells the run how a training goes on; only for eyes, so that nothing here ever fails it. */
export interface TrainingReporter {
  /** For the heartbeat. */
  readonly details: () => Omit<TrainingProgress, 'began'>;
  /** Takes note of an event; told with the next look. */
  readonly follow: (event: TrainerEvent) => void;
  /** Takes note of a checkpoint in the store. */
  readonly uploaded: (step: number) => void;
  /** Tells how far the job is, if that is news: another phase, a new start, or a hundredth of all steps. */
  readonly look: (state: JobState) => Promise<void>;
  /** Tells what the worker itself is at, before the job and after it. */
  readonly handle: (phase: 'fetch' | 'upload') => Promise<void>;
  /** Tells why an attempt ended without a model. */
  readonly stopped: (error: unknown) => Promise<void>;
  /** Tells what it came to; a training that was found finished comes to nothing new. */
  readonly finished: () => Promise<void>;
}

/** Steps are told a hundred times a training at most, phases besides: an execution takes 10,000 signals, and no more. */
const SHARE = 0.01;

/** Attempts whose phases and ends are told: a trainer that crashes is tried again for ever. */
const TELLING_ATTEMPTS = 200;

/** Makes the reporter of one attempt at a training. */
export function trainingReporter(
  metrics: Metrics,
  { run, method }: { run: string; method: 'sft' | 'dpo' },
): TrainingReporter {
  const { info } = Context.current();
  const tellsPhases = info.attempt <= TELLING_ATTEMPTS;
  let progress = UNKNOWN_TRAINING;
  let told: TrainingProgress | undefined;

  async function tell(phase: string, detail: string): Promise<void> {
    told = progress;
    const { step: done, totalSteps: total } = progress;
    await tellRun(run, { stage: method, group: '', part: '', done, total, phase, detail });
  }

  async function look(): Promise<void> {
    const { phase, began, step, totalSteps } = progress;
    const isNew = tellsPhases && (phase !== told?.phase || began !== told.began);
    const moved = Math.abs(step - (told?.step ?? 0));
    const due = moved >= Math.ceil(totalSteps * SHARE) || (moved > 0 && step === totalSteps);
    if (isNew || (phase === 'train' && due)) await tell(phase, trainingLine(progress));
  }

  return {
    details: () => {
      const { began: _, ...details } = progress;
      return details;
    },
    follow: (event) => {
      progress = followTraining(progress, event, Date.parse(event.time));
      measure(metrics, { run, method }, progress);
    },
    uploaded: (step) => {
      progress = { ...progress, uploadedStep: step };
    },
    look: async ({ state, detail }) => {
      if (state === 'pending') progress = { ...progress, phase: 'pending', waitsFor: detail ?? null };
      else if (progress.phase === 'pending' || progress.phase === 'fetch')
        progress = { ...progress, phase: 'load', waitsFor: null };
      await look();
    },
    handle: async (phase) => {
      progress = { ...progress, phase };
      await look();
    },
    stopped: async (error) => {
      if (tellsPhases)
        await tell('stopped', `stopped: ${shortMessage(error instanceof Error ? error.message : String(error))}`);
    },
    finished: () => tell('done', trainedLine(progress)),
  };
}

function measure(
  metrics: Metrics,
  labels: { readonly run: string; readonly method: 'sft' | 'dpo' },
  { step, totalSteps, loss, tokensPerSecond }: TrainingProgress,
): void {
  metrics.set('longwriter_training_step', step, labels);
  metrics.set('longwriter_training_steps', totalSteps, labels);
  if (loss !== null) metrics.set('longwriter_training_loss', loss, labels);
  if (tokensPerSecond !== null) metrics.set('longwriter_training_tokens_per_second', tokensPerSecond, labels);
}

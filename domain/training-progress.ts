import { roughTime } from './rough-time.ts';
import type { TrainerEvent } from './schemas/trainer.ts';

/** What a training is at: `pending` and `fetch` before the trainer runs, `upload` after it, the rest are the trainer's own. */
export type TrainingPhase = 'pending' | 'fetch' | 'upload' | (string & {});

/** How far a training is; small, and only for eyes. */
export interface TrainingProgress {
  readonly phase: TrainingPhase;
  /** Why a pending job has no node yet, where the launcher says so. */
  readonly waitsFor: string | null;
  readonly step: number;
  /** Steps in all; 0 before the trainer has said it. */
  readonly totalSteps: number;
  readonly loss: number | null;
  readonly tokensPerSecond: number | null;
  /** By the steps since the trainer was last started; null before the first of them. */
  readonly secondsLeft: number | null;
  /** Memory that the trainer needed at most, where it says so. */
  readonly memoryBytes: number | null;
  /** Step of the newest checkpoint in the store; 0 where there is none. */
  readonly uploadedStep: number;
  /** Where the steps since the last start began, and when, in milliseconds. */
  readonly began: { readonly step: number; readonly atMs: number } | null;
}

/** A training of which nothing is known yet. */
export const UNKNOWN_TRAINING: TrainingProgress = {
  phase: 'fetch',
  waitsFor: null,
  step: 0,
  totalSteps: 0,
  loss: null,
  tokensPerSecond: null,
  secondsLeft: null,
  memoryBytes: null,
  uploadedStep: 0,
  began: null,
};

/**
 * The progress after one more event. A trainer that was started again begins where its checkpoint stands, so steps may go
 * back.
 *
 * @param atMs when the event was, milliseconds
 */
export function followTraining(before: TrainingProgress, event: TrainerEvent, atMs: number): TrainingProgress {
  switch (event.event) {
    case 'phase-start':
      return { ...before, phase: event.phase };
    case 'run-start': {
      const { step, total_steps: totalSteps } = event;
      return {
        ...before,
        step,
        totalSteps,
        loss: null,
        tokensPerSecond: null,
        secondsLeft: null,
        began: { step, atMs },
      };
    }
    case 'step-end': {
      const { step, total_steps: totalSteps, loss, tokens_per_second: tokensPerSecond, memory_bytes: memory } = event;
      const memoryBytes = typeof memory === 'number' ? memory : before.memoryBytes;
      const taken = before.began && step > before.began.step ? (atMs - before.began.atMs) / 1000 : null;
      const secondsLeft =
        taken === null ? null : Math.round((taken / (step - before.began!.step)) * (totalSteps - step));
      return { ...before, phase: 'train', step, totalSteps, loss, tokensPerSecond, memoryBytes, secondsLeft };
    }
    case 'job-start':
    case 'preflight':
    case 'checkpoint-saved':
    case 'run-end':
    case 'run-error':
      return before;
  }
}

const PHASE_WORDS: Readonly<Record<string, string>> = {
  pending: 'waiting for a GPU node',
  fetch: 'fetching model and data',
  load: 'loading',
  tokenize: 'tokenizing',
  preflight: 'checking memory and disk',
  weights: 'loading weights',
  reference: 'scoring the reference',
  save: 'saving the model',
  upload: 'uploading the model',
};

/** What a training is at, in a few words. */
export function trainingLine(progress: TrainingProgress): string {
  const { phase, waitsFor, step, began, loss, secondsLeft, uploadedStep } = progress;
  if (phase === 'pending' && waitsFor !== null) return `${PHASE_WORDS[phase]} ${waitsFor}`;
  if (phase !== 'train') return PHASE_WORDS[phase] ?? phase;
  if (loss === null && step === (began?.step ?? 0)) return step === 0 ? 'first step' : `going on from step ${step}`;
  return [
    ...paceFacts(progress),
    ...(secondsLeft === null ? [] : [`${roughTime(secondsLeft)} left`]),
    ...(uploadedStep > 0 ? [`saved up to ${uploadedStep}`] : []),
  ].join(', ');
}

/** What a finished training came to, in a few words. */
export function trainedLine(progress: TrainingProgress): string {
  return paceFacts(progress).join(', ');
}

function paceFacts({ loss, tokensPerSecond, memoryBytes }: TrainingProgress): string[] {
  return [
    ...(loss === null ? [] : [`loss ${loss.toFixed(3)}`]),
    ...(tokensPerSecond === null ? [] : [`${Math.round(tokensPerSecond).toLocaleString('en-US')} tokens/s`]),
    ...(memoryBytes === null ? [] : [`${(memoryBytes / 1e9).toFixed(1)} GB`]),
  ];
}

import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { Cost } from '../domain/schemas/call.ts';
import {
  PROGRESS_SIGNAL,
  SERVED_SIGNAL,
  type ProgressReport,
  type RunProgress,
  type ServedReport,
} from '../domain/progress.ts';

/** Why a run is paused: a failure type, or `requested`. */
export interface PauseReason {
  readonly type: string;
  readonly message: string;
}

/** Says that the run makes no new calls until it is resumed; sent by a step that met a pausing failure, or by a person. */
export const pausedSignal = defineSignal<[PauseReason]>('paused');
/** Says that the run goes on. */
export const resumedSignal = defineSignal('resumed');
/** Says how far a part of a stage is. */
export const progressSignal = defineSignal<[ProgressReport]>(PROGRESS_SIGNAL);
/** What the sections of a planned sample may cost at most, and what its plan took. */
export interface BoundReport {
  readonly item: string;
  readonly bound: number;
  readonly spent: Cost;
}

/** Says what a sample may still cost at most, once it is planned. */
export const boundSignal = defineSignal<[BoundReport]>('bound');
/** Says that a served model is up. */
export const servedSignal = defineSignal<[ServedReport]>(SERVED_SIGNAL);
/** A run as a user sees it. */
export const progressQuery = defineQuery<RunProgress>('progress');

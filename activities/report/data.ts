import type { Cost } from '../../domain/schemas/call.ts';
import type { Calibration, Comparison, EvaluationScores, ScoredPoint } from '../../domain/schemas/evaluation.ts';
import type { ModelGate } from '../../domain/schemas/probe.ts';
import type { Stage } from '../../domain/names.ts';
import type { Spread } from '../../domain/preference.ts';
import type { StepValue } from './thin.ts';

/** Everything the report shows; it is gathered by publishReport and drawn by renderReport. */
export interface ReportData {
  readonly run: string;
  readonly stages: readonly { readonly stage: Stage; readonly seconds: number; readonly summary: string }[];
  readonly dataset?: {
    readonly name: string;
    /** Instructions selected; where given, the report says whether kept, rejected and failed add up to it. */
    readonly selected?: number;
    readonly kept: number;
    readonly rejected: Readonly<Record<string, number>>;
    readonly failed: number;
    /** Words of each kept sample. */
    readonly words: readonly number[];
    /** Required and written words of each kept sample that states a length. */
    readonly points: readonly { readonly required: number; readonly written: number }[];
  };
  readonly trainings: readonly {
    readonly method: 'sft' | 'dpo';
    readonly rows: number;
    readonly steps: number;
    readonly seconds: number;
    readonly losses: readonly StepValue[];
    /** Median over the steps. */
    readonly tokensPerSecond?: number;
    readonly memoryBytes?: number;
    /** Rows above the longest length, left out or cut. */
    readonly skippedRows?: number;
    readonly cutRows?: number;
    /** Share of the computed tokens, 0 to 1. */
    readonly paddingShare?: number;
    /** DPO: share of pairs whose chosen answer has the higher reward, 0 to 1. */
    readonly accuracies?: readonly StepValue[];
    /** DPO: reward of the chosen less that of the rejected answer. */
    readonly margins?: readonly StepValue[];
    readonly gate: ModelGate;
  }[];
  readonly preferences?: {
    readonly prompts: number;
    readonly pairs: number;
    readonly general: number;
    readonly generalAsked: number;
    readonly dropped: Readonly<Record<string, number>>;
    /** Points between chosen and rejected. */
    readonly spread: Spread;
  };
  readonly evaluations: readonly EvaluationScores[];
  readonly comparisons: readonly Comparison[];
  readonly calibration?: Calibration;
  /** The best and the worst answers of each model, each list from its end of S̄ on. */
  readonly examples?: readonly {
    readonly model: string;
    readonly best: readonly ExampleAnswer[];
    readonly worst: readonly ExampleAnswer[];
  }[];
  readonly writer: { readonly model: string };
  /** Whether the judge is the embedded stand-in of 135M parameters. */
  readonly judgeIsStandIn: boolean;
  readonly calls: Pick<Cost, 'calls' | 'promptTokens' | 'cachedTokens' | 'completionTokens'>;
}

/** One answer with what it was asked. */
export interface ExampleAnswer {
  readonly prompt: string;
  readonly text: string;
  readonly point: ScoredPoint;
  /** S̄ of this answer alone. */
  readonly overall: number;
}

import { z } from 'zod';
import { POSITIONS } from '../names.ts';
import { Spending } from './call.ts';

/** One prompt of a folder of completions. */
export const CompletionPrompt = z.strictObject({
  id: z.string(),
  prompt: z.string(),
  length: z.number().int().positive(),
  type: z.string(),
});
export type CompletionPrompt = z.infer<typeof CompletionPrompt>;

/** How a text repeats itself; padding and loops score full marks for length, and show here. */
export const RepetitionMeasures = z.strictObject({
  /** distinct-4: share of a text's 4-grams of tokens that are different, 0 to 1; 1 where it has none. */
  distinct: z.number().min(0).max(1),
  /** Bytes of the text for each byte that gzip needs; 0 where it is empty. */
  compressionRatio: z.number().min(0),
});
export type RepetitionMeasures = z.infer<typeof RepetitionMeasures>;

/** The view of one answer of a model to a prompt. */
export const Completion = z.strictObject({
  prompt: z.string(),
  completion: z.number().int().min(0),
  /** The call that it comes from; absent where it was imported. */
  call: z.string().optional(),
  text: z.string(),
  words: z.number().int().min(0),
  /** `stop`, `length`, others as the provider says; `imported` where nobody told. */
  finishReason: z.string(),
  lengthScore: z.number(),
  /** How it repeats itself. */
  measures: RepetitionMeasures,
  /** Whether it is short and begins as a refusal. */
  refusal: z.boolean(),
  spending: Spending,
});
export type Completion = z.infer<typeof Completion>;

/** The six dimensions of the rubric (paper, section 4; `judge.txt` of the released code). */
export const DIMENSIONS = [
  'relevance',
  'accuracy',
  'coherence',
  'clarity',
  'breadthAndDepth',
  'readingExperience',
] as const;
export type Dimension = (typeof DIMENSIONS)[number];

const score = z.number().int().min(1).max(5);

/** The judge's scores, 1 to 5 for each dimension. */
export const RubricScores = z.object({
  relevance: score,
  accuracy: score,
  coherence: score,
  clarity: score,
  breadthAndDepth: score,
  readingExperience: score,
});
export type RubricScores = z.infer<typeof RubricScores>;

const meanScore = z.number().min(1).max(5);

/** Scores of a text, 1 to 5 for each dimension: integers where it was judged at once, means where in parts. */
export const MeanRubricScores = z.strictObject({
  relevance: meanScore,
  accuracy: meanScore,
  coherence: meanScore,
  clarity: meanScore,
  breadthAndDepth: meanScore,
  readingExperience: meanScore,
});
export type MeanRubricScores = z.infer<typeof MeanRubricScores>;

/** What one call of the judge read, and what it said: scores, or why they could not be read. */
export const JudgedPart = z.strictObject({
  /** Words of the completion before it. */
  from: z.number().int().min(0),
  words: z.number().int().min(0),
  scores: RubricScores.optional(),
  unscored: z.string().optional(),
});
export type JudgedPart = z.infer<typeof JudgedPart>;

/** Which judgement of a completion: the first is 0; `positions` is the one by windows. */
export const JudgementName = z.union([z.number().int().min(0), z.literal(POSITIONS)]);
export type JudgementName = z.infer<typeof JudgementName>;

/** The view of one judgement: scores, or why there are none. An unscored one never becomes a middling score. */
export const Judgement = z.strictObject({
  prompt: z.string(),
  completion: z.number().int().min(0),
  judgement: JudgementName,
  calls: z.array(z.string()),
  /** The whole completion, or the windows that it was judged in, in their order; none of an empty one. */
  parts: z.array(JudgedPart),
  /** Means over the parts by their words; absent where a part is unscored. */
  scores: MeanRubricScores.optional(),
  unscored: z.string().optional(),
  /** S_q, 0 to 100. */
  qualityScore: z.number().optional(),
  spending: Spending,
});
export type Judgement = z.infer<typeof Judgement>;

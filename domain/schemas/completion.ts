import { z } from 'zod';
import { Spending } from './call.ts';

/** One prompt of a folder of completions. */
export const CompletionPrompt = z.strictObject({
  id: z.string(),
  prompt: z.string(),
  length: z.number().int().positive(),
  type: z.string(),
});
export type CompletionPrompt = z.infer<typeof CompletionPrompt>;

/** The view of one answer of a model to a prompt. */
export const Completion = z.strictObject({
  prompt: z.string(),
  completion: z.number().int().min(0),
  call: z.string(),
  text: z.string(),
  words: z.number().int().min(0),
  finishReason: z.string(),
  lengthScore: z.number(),
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

/** The view of one judgement: scores, or why there are none. An unscored one never becomes a middling score. */
export const Judgement = z.strictObject({
  prompt: z.string(),
  completion: z.number().int().min(0),
  calls: z.array(z.string()),
  /** Words that the judge read, from the start of the completion. */
  judgedWords: z.number().int().min(0),
  scores: RubricScores.optional(),
  unscored: z.string().optional(),
  /** S_q, 0 to 100. */
  qualityScore: z.number().optional(),
  spending: Spending,
});
export type Judgement = z.infer<typeof Judgement>;

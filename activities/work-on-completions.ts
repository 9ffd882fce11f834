import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { addSpendings, NO_SPENDING } from '../domain/cost.ts';
import { FAILURES, isFailureType } from '../domain/failures.ts';
import { judgementKey } from '../domain/keys.ts';
import { POSITIONS } from '../domain/names.ts';
import { Judgement, type JudgementName } from '../domain/schemas/completion.ts';
import type { ItemResult } from '../domain/tally.ts';
import { allOrFirstFailure } from './all-or-first-failure.ts';
import type { ActivityDeps } from './deps.ts';
import { toFailure } from './failures.ts';
import { findJson } from './io/store/json.ts';
import { judgeCompletion } from './judge-completion.ts';
import { sampleCompletion, type CompletionReference } from './sample-completion.ts';

/** Some completions of a folder, worked on at once; each item is `<prompt>-<completion>`. */
interface CompletionItems extends Omit<CompletionReference, 'prompt' | 'completion'> {
  readonly items: readonly string[];
  /** The scheduled time from which answers must be fresh. */
  readonly fresh?: string;
}

export interface SampleCompletionsInput extends CompletionItems {
  /** Identity of the model that is asked. */
  readonly model: string;
}

/** Asks a model for some completions at once; what each came to, in their order. */
export function sampleCompletions(
  deps: ActivityDeps,
  { items, ...input }: SampleCompletionsInput,
): Promise<ItemResult[]> {
  return workOnEach(items, async (item) => ({
    verdict: 'kept',
    ...(await sampleCompletion(deps, { ...input, ...placeOf(item) })),
  }));
}

export interface JudgeCompletionsInput extends CompletionItems {
  /** Judgements of each completion. */
  readonly judgements: number;
  /** Whether each is judged by windows, too. */
  readonly positions: boolean;
}

/** Has some completions judged at once, each as often as asked for; one without any score is rejected as unscored. */
export function judgeCompletions(
  deps: ActivityDeps,
  { items, judgements, positions, ...input }: JudgeCompletionsInput,
): Promise<ItemResult[]> {
  return workOnEach(items, async (item) => {
    const place = placeOf(item);
    const judge = async (judgement: JudgementName): Promise<Judgement> => {
      const key = judgementKey(input.folder, place.prompt, place.completion, judgement);
      const known = await findJson(deps.store, key, Judgement);
      return known ?? judgeCompletion(deps, { ...input, ...place, judgement });
    };
    const made = await allOrFirstFailure(judgementNames(judgements, false).map(judge));
    // After the others: of a text that is one window, it is the first of them, and is not to be asked beside it.
    return judgedResult(positions ? [...made, await judge(POSITIONS)] : made);
  });
}

/** The judgements of a completion. */
export function judgementNames(judgements: number, positions: boolean): JudgementName[] {
  return [...Array.from({ length: judgements }, (_, index) => index), ...(positions ? ([POSITIONS] as const) : [])];
}

/** A completion's judgements as the result of an item. */
export function judgedResult(made: readonly Pick<Judgement, 'judgement' | 'scores' | 'spending'>[]): ItemResult {
  const spending = addSpendings(...made.map((one) => one.spending));
  const isScored = made.some(({ judgement, scores }) => judgement !== POSITIONS && scores !== undefined);
  return isScored ? { verdict: 'kept', spending } : { verdict: 'rejected', reason: 'unscored', spending };
}

function placeOf(item: string): Pick<CompletionReference, 'prompt' | 'completion'> {
  const [prompt = '', completion = ''] = item.split('-');
  return { prompt, completion: Number(completion) };
}

/** Works on all items at once. One that fails for good does not fail the others; a failure that is tried again, or pauses the run, is that of all, and finds their answers then. */
function workOnEach(items: readonly string[], work: (item: string) => Promise<ItemResult>): Promise<ItemResult[]> {
  return allOrFirstFailure(
    items.map(async (item): Promise<ItemResult> => {
      try {
        return await work(item);
      } catch (error) {
        const known = toFailure(error, Context.current().info.attempt);
        if (known instanceof ApplicationFailure && isFailureType(known.type) && FAILURES[known.type] === 'fail')
          return { verdict: 'failed', type: known.type, spending: NO_SPENDING };
        throw error;
      }
    }),
  );
}

import { filterText } from '../domain/filter.ts';
import { sampleKey } from '../domain/keys.ts';
import { countWords, lengthScore } from '../domain/length.ts';
import { cleanSection, joinSections } from '../domain/response.ts';
import type { Spending } from '../domain/schemas/call.ts';
import type { Retry } from '../domain/schemas/run.ts';
import type { RefusedDraw, RejectionReason, Sample, SectionSummary } from '../domain/schemas/sample.ts';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import { jsonBytes } from './io/store/json.ts';
import { measureText } from './measure-text.ts';
import { readPlan, type SampleReference } from './plan-sample.ts';
import { readInstruction, sampleSettings } from './run-files.ts';
import { sectionText } from './write-sections.ts';

export interface FinishSampleInput extends SampleReference {
  /** The call of the accepted plan; absent where no plan was accepted. */
  readonly plan?: string;
  /** The calls of the accepted sections. */
  readonly sections: readonly string[];
  readonly summaries: readonly SectionSummary[];
  readonly refused: readonly RefusedDraw[];
  /** Why writing stopped early; absent where every section was accepted. */
  readonly rejected?: RejectionReason;
  readonly retry: Retry;
  readonly spending: Spending;
}

/** What became of a sample. A failed one has no verdict, so that a resume tries it again. */
export type SampleOutcome =
  | { readonly verdict: 'kept'; readonly words: number; readonly spending: Spending }
  | {
      readonly verdict: 'rejected';
      readonly reason: RejectionReason;
      readonly words: number;
      readonly spending: Spending;
    }
  | { readonly verdict: 'failed'; readonly type: string; readonly spending: Spending };

/** Joins, counts and filters a sample, and writes its view: pure work on stored calls, made again for nothing. */
export async function finishSample(deps: ActivityDeps, input: FinishSampleInput): Promise<SampleOutcome> {
  const config = await deps.files.config(input);
  const { summaries, refused, retry, spending } = input;
  const instruction = await readInstruction(deps.files, input.instructions, input.sample);
  const plan = input.plan === undefined ? undefined : readPlan(config, instruction, await deps.calls.read(input.plan));
  if (plan && !plan.ok) throw failure('Store.Conflict', `call ${input.plan} holds no accepted plan: ${plan.detail}`);
  const texts = await Promise.all(
    input.sections.map(async (call) => sectionText(config, (await deps.calls.read(call)).answer)),
  );
  const text = joinSections(texts);
  const words = countWords(text);
  const { length: required, prompt } = instruction;
  const left = input.rejected
    ? { reason: input.rejected }
    : filterText({ instruction: prompt, text, words, required, measures: await measureText(text) }, config.filter);
  const reason = left?.reason;
  const view: Sample = {
    id: input.sample,
    origin: 'generated',
    settings: sampleSettings(config),
    verdict: reason === undefined ? 'kept' : 'rejected',
    ...left,
    ...(plan && input.plan !== undefined ? { plan: { call: input.plan, sections: [...plan.sections] } } : {}),
    sections: input.sections.map((call, index) => ({ call, words: countWords(cleanSection(texts[index]!)) })),
    refused: [...refused],
    summaries: [...summaries],
    retry,
    spending,
    text,
    words,
    ...(required === undefined ? {} : { lengthScore: lengthScore(required, words) }),
  };
  await deps.store.putView(sampleKey(input.run, input.sample), jsonBytes(view));
  const verdict = { run: input.run, verdict: view.verdict, reason: reason ?? '' };
  deps.metrics.add('longwriter_samples_total', 1, verdict);
  return reason === undefined ? { verdict: 'kept', words, spending } : { verdict: 'rejected', reason, words, spending };
}

import { getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import type { SampleOutcome } from '../activities/finish-sample.ts';
import type { DrawInput, Refusal, SampleReference } from '../activities/plan-sample.ts';
import type { TextSoFar } from '../activities/write-sections.ts';
import { addSpendings, NO_SPENDING } from '../domain/cost.ts';
import type { Cost, Spending } from '../domain/schemas/call.ts';
import type { Retry } from '../domain/schemas/run.ts';
import type { DrawReason, RefusedDraw, SectionSummary } from '../domain/schemas/sample.ts';
import { showState } from './attributes.ts';
import { failureBehind } from './failures.ts';
import { boundSignal } from './messages.ts';
import { llm, pipeline } from './proxies.ts';
import { drawUntilAccepted, pausable } from './steps.ts';

export interface GenerateSampleInput extends Omit<SampleReference, 'series'> {
  /** Draws of each step, before any retry. */
  readonly maxDraws: number;
  /** How often a person opened the sample again. */
  readonly retry?: Retry;
}

/** Plans one sample and writes its sections in order. A sample that cannot be written is an outcome, not an error. */
export async function generateSample(input: GenerateSampleInput): Promise<SampleOutcome> {
  const outcome = await sampleOutcome(input);
  showState(outcome.verdict);
  return outcome;
}

async function sampleOutcome(input: GenerateSampleInput): Promise<SampleOutcome> {
  const sample = new SampleInProgress(input);
  try {
    const plan = await sample.plan();
    if (!plan.ok) return await sample.finish(plan.reason);
    await tellBound(input.sample, plan.bound, sample.spending.fresh);
    return await sample.finish(await sample.writeSections(plan.sections));
  } catch (error) {
    const behind = failureBehind(error);
    if (!behind) throw error; // a cancellation, or a defect
    return { verdict: 'failed', type: behind.type, spending: sample.spending };
  }
}

/** An accepted plan. */
type Plan = Extract<Awaited<ReturnType<ReturnType<typeof llm>['planSample']>>, { ok: true }>;

/** A step that a check refused until its draws were spent. */
interface Rejected {
  readonly ok: false;
  readonly reason: DrawReason;
}

/** What a sample has come to so far: accepted calls, refused ones, and what they cost. */
class SampleInProgress {
  spending = NO_SPENDING;
  readonly #reference: SampleReference;
  readonly #retry: Retry;
  readonly #maxDraws: number;
  readonly #refused: RefusedDraw[] = [];
  readonly #sections: string[] = [];
  readonly #summaries: SectionSummary[] = [];
  #plan: string | undefined;

  constructor({ maxDraws, retry = { draws: 0, anew: 0 }, ...reference }: GenerateSampleInput) {
    this.#reference = { ...reference, ...(retry.anew > 0 ? { series: `anew-${retry.anew}` } : {}) };
    this.#retry = retry;
    this.#maxDraws = maxDraws * (1 + retry.draws);
  }

  async plan(): Promise<Plan | Rejected> {
    const maxDraws = this.#maxDraws;
    const plan = await this.#draw('plan', 'plan', (draw, summary) =>
      writer.planSample.executeWithOptions({ summary }, [{ ...draw, maxDraws }]),
    );
    if (plan.ok) this.#plan = plan.call;
    return plan;
  }

  /** Writes section after section; returns why it stopped, where not all of them were accepted. */
  async writeSections(words: readonly number[]): Promise<DrawReason | undefined> {
    let draw = 0;
    let last: Refusal | undefined;
    while (this.#sections.length < words.length) {
      const index = this.#sections.length;
      const summary = drawLabel(`section ${index + 1} of ${words.length}, ${words[index]} words`, draw);
      const input = { ...this.#reference, draw, ...(last ? { refused: last } : {}), ...this.#soFar() };
      const { written, refused, overflow, spending } = await pausable(this.#reference.run, () =>
        writer.writeSections.executeWithOptions({ summary }, [input]),
      );
      this.spending = addSpendings(this.spending, spending);
      this.#sections.push(...written);
      if (written.length > 0) [draw, last] = [0, undefined];
      if (overflow) {
        const shortened = await this.#summarize();
        if (!shortened.ok) return shortened.reason;
      }
      if (!refused) continue;
      const { call, reason, detail } = refused;
      this.#refused.push({ step: `section ${this.#sections.length + 1}`, call, reason });
      if (++draw >= this.#maxDraws) return reason;
      last = { reason, detail };
    }
    return undefined;
  }

  /** Has what was written summed up, since it no longer fits the model's window. */
  async #summarize() {
    const label = `summary before section ${this.#sections.length + 1}`;
    const summary = await this.#draw(label, label, (draw, text) =>
      writer.summarizeSections.executeWithOptions({ summary: text }, [{ ...draw, ...this.#soFar() }]),
    );
    if (summary.ok) this.#summaries.push({ call: summary.call, sections: summary.sections });
    return summary;
  }

  #soFar(): TextSoFar {
    const summary = this.#summaries.at(-1);
    return { plan: this.#plan!, earlier: [...this.#sections], ...(summary ? { summary } : {}) };
  }

  /** Asks until an answer is accepted, telling each draw what was wrong with the one before. */
  #draw<T extends { readonly ok: true; readonly spending: Spending } | RefusedAnswer>(
    step: string,
    label: string,
    ask: (input: DrawInput, summary: string) => Promise<T>,
  ): Promise<T> {
    return drawUntilAccepted<T>(this.#maxDraws, async (draw, last) => {
      const refused = last && !last.ok ? { refused: { reason: last.reason, detail: last.detail } } : {};
      const input = { ...this.#reference, draw, ...refused };
      const answer = await pausable(this.#reference.run, () => ask(input, drawLabel(label, draw)));
      this.spending = addSpendings(this.spending, answer.spending);
      if (!answer.ok) this.#refused.push({ step, call: answer.call, reason: answer.reason });
      return answer;
    });
  }

  /** Joins, filters and keeps what was written; with a reason, as rejected. */
  finish(rejected?: DrawReason): Promise<SampleOutcome> {
    const input = {
      ...this.#reference,
      ...(this.#plan === undefined ? {} : { plan: this.#plan }),
      sections: this.#sections,
      summaries: this.#summaries,
      refused: this.#refused,
      ...(rejected === undefined ? {} : { rejected }),
      retry: this.#retry,
      spending: this.spending,
    };
    return pausable(this.#reference.run, () =>
      pipeline.finishSample.executeWithOptions({ summary: 'join and filter' }, [input]),
    );
  }
}

interface RefusedAnswer extends Rejected {
  readonly detail: string;
  readonly call: string;
  readonly spending: Spending;
}

const writer = llm('writer');

const drawLabel = (label: string, draw: number): string => (draw === 0 ? label : `${label}, draw ${draw + 1}`);

/** Tells the partition what the planned sample may still cost, which is far less than any sample might. */
async function tellBound(sample: string, bound: number | undefined, spent: Cost): Promise<void> {
  const { parent } = workflowInfo();
  if (bound === undefined || !parent) return;
  await getExternalWorkflowHandle(parent.workflowId, parent.runId)
    .signal(boundSignal, { item: sample, bound, spent })
    .catch(() => undefined);
}

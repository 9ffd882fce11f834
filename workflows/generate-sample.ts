import { getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import type { SampleOutcome } from '../activities/finish-sample.ts';
import type { DrawInput, SampleReference } from '../activities/plan-sample.ts';
import type { SectionOutcome, TextSoFar } from '../activities/write-section.ts';
import { addSpendings, NO_SPENDING } from '../domain/cost.ts';
import type { Spending } from '../domain/schemas/call.ts';
import type { Retry } from '../domain/schemas/run.ts';
import type { DrawReason, RefusedDraw, SectionSummary } from '../domain/schemas/sample.ts';
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
  const sample = new SampleInProgress(input);
  try {
    const plan = await sample.plan();
    if (!plan.ok) return await sample.finish(plan.reason);
    await tellBound(input.sample, plan.bound);
    for (const index of plan.sections.keys()) {
      const section = await sample.writeSection(plan, index);
      if (!section.ok) return await sample.finish(section.reason);
    }
    return await sample.finish();
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

  async writeSection({ sections }: Plan, index: number): Promise<{ readonly ok: true } | Rejected> {
    const step = `section ${index + 1}`;
    const label = `${step} of ${sections.length}, ${sections[index]} words`;
    const section = await this.#draw(step, label, async (draw, summary) => {
      for (;;) {
        const input = { ...draw, ...this.#soFar() };
        const outcome: SectionOutcome = await writer.writeSection.executeWithOptions({ summary }, [input]);
        if (!('overflow' in outcome)) return outcome;
        const shortened = await this.#summarize(index);
        if (!shortened.ok) return shortened;
      }
    });
    if (section.ok) this.#sections.push(section.call);
    return section;
  }

  /** Has what was written summed up, since it no longer fits the model's window. */
  async #summarize(index: number) {
    const label = `summary before section ${index + 1}`;
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
      const summary = draw === 0 ? label : `${label}, draw ${draw + 1}`;
      const answer = await pausable(this.#reference.run, () => ask({ ...this.#reference, draw, ...refused }, summary));
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

/** Tells the partition what the planned sample may still cost, which is far less than any sample might. */
async function tellBound(sample: string, bound: number | undefined): Promise<void> {
  const { parent } = workflowInfo();
  if (bound === undefined || !parent) return;
  await getExternalWorkflowHandle(parent.workflowId, parent.runId)
    .signal(boundSignal, { item: sample, bound })
    .catch(() => undefined);
}

import type { SampleOutcome } from '../activities/finish-sample.ts';
import type { SampleReference } from '../activities/plan-sample.ts';
import { failureBehind } from './failures.ts';
import { llm, pipeline } from './proxies.ts';
import { drawUntilAccepted, pausable } from './steps.ts';

export interface GenerateSampleInput extends SampleReference {
  readonly maxDraws: number;
}

/** Plans one sample and writes its sections in order. A sample that cannot be written is an outcome, not an error. */
export async function generateSample({ maxDraws, ...sample }: GenerateSampleInput): Promise<SampleOutcome> {
  const writer = llm('writer');
  const finish = (result: Partial<Parameters<typeof pipeline.finishSample>[0]>) =>
    pausable(sample.run, () =>
      pipeline.finishSample.executeWithOptions({ summary: 'join and filter' }, [
        { ...sample, sections: [], ...result },
      ]),
    );
  try {
    const plan = await drawUntilAccepted(maxDraws, (draw) =>
      pausable(sample.run, () =>
        writer.planSample.executeWithOptions({ summary: `plan${drawLabel(draw)}` }, [{ ...sample, draw }]),
      ),
    );
    if (!plan.ok) return await finish({ rejected: plan.reason });

    const written: string[] = [];
    for (const [index, words] of plan.sections.entries()) {
      const label = `section ${index + 1} of ${plan.sections.length}, ${words} words`;
      const section = await drawUntilAccepted(maxDraws, (draw) =>
        pausable(sample.run, () =>
          writer.writeSection.executeWithOptions({ summary: `${label}${drawLabel(draw)}` }, [
            { ...sample, plan: plan.call, earlier: [...written], draw },
          ]),
        ),
      );
      if (!section.ok) return await finish({ plan: plan.call, sections: written, rejected: section.reason });
      written.push(section.call);
    }
    return await finish({ plan: plan.call, sections: written });
  } catch (error) {
    const behind = failureBehind(error);
    if (!behind) throw error; // a cancellation, or a defect
    return { verdict: 'failed', type: behind.type };
  }
}

function drawLabel(draw: number): string {
  return draw === 0 ? '' : `, draw ${draw + 1}`;
}

import { describe, expect, it } from 'vitest';
import { ESTIMATES, type EstimatedRun } from '../../../domain/estimate-stages.ts';
import { addEstimates, callEstimate, type Assumptions, type EstimatedEndpoint } from '../../../domain/estimate.ts';

const ASSUMED: Assumptions = {
  ...{ words: 3000, tokensPerWord: 1.5, draws: 1, templateTokens: 200, planTokens: 40, judgeTokens: 150 },
  ...{ generalTokens: 500, workers: 1, tokensPerSecond: 50, servedTokensPerSecond: 400 },
  ...{ parameters: 1e9, teraflops: 100, trainingGpus: 2, servingGpus: 4 },
};

const WRITER: EstimatedEndpoint = { inFlight: 4, price: { prompt: 5, cached: 5, completion: 15 }, isServed: false };
const SERVED: EstimatedEndpoint = { inFlight: 64, isServed: true };

const RUN: EstimatedRun = {
  ...{ writer: WRITER, judge: WRITER, served: SERVED, candidates: undefined },
  texts: { count: 10, promptTokens: 100, words: 3000 },
  plan: { minSections: 1, maxSections: 50, sectionWords: 600 },
  ...{ planMaxTokens: 4096, sectionMaxTokens: 4096, imported: 0, testFraction: 0, generalRows: 0, generalPairs: 0 },
  sft: { epochs: 2, batchSize: 8, maxLength: 32_768 },
  dpo: { epochs: 1, batchSize: 8, maxLength: 32_768 },
  preferences: { prompts: 4, steps: 1, completions: 2, judgements: 1, level: 'text', maxTokens: 2000 },
  judging: { windowWords: 1000, maxTokens: 1024 },
  evaluation: {
    prompts: { count: 3, promptTokens: 50, words: 400 },
    ...{ completions: 2, judgements: 2, positionWords: 200, maxTokens: 32_768 },
    models: [SERVED, WRITER],
    given: 5,
  },
};

describe('what a run takes, held against a calculation by hand', () => {
  it('asks for a plan and five sections, each with all before it', () => {
    // Plan: 300 in, 200 out. Sections: 5 × (300 + 200) + 900 × (0 + 1 + 2 + 3 + 4) in, 5 × 900 out. Ten texts.
    expect(ESTIMATES.generate(RUN, ASSUMED)).toEqual({
      ...{ stage: 'generate', calls: 60, promptTokens: 118_000, completionTokens: 47_000 },
      // 0.118 × $5 + 0.047 × $15; 47,000 tokens at 4 calls × 50 tokens a second.
      ...{ dollars: 1.295, unpricedCalls: 0, seconds: 235, gpuHours: 0 },
    });
  });

  it('takes 6 operations a parameter and token, and 8 where a reference model reads them, too', () => {
    // 10 × (100 + 4,500) tokens, twice: 92,000 × 6 × 10^9 at 10^14 a second.
    const sft = ESTIMATES.sft(RUN, ASSUMED);
    expect([sft.gpuHours! * 3600, sft.seconds]).toEqual([expect.closeTo(5.52), expect.closeTo(2.76)]);
    // 4 pairs of 2 × (100 + 2,000) tokens: 16,800 × 8 × 10^9.
    expect(ESTIMATES.dpo(RUN, ASSUMED).gpuHours! * 3600).toBeCloseTo(1.344);
    // 2 steps of 8 rows are 1.6 of the rounds over 10 rows.
    const short = { ...RUN, sft: { ...RUN.sft, maxSteps: 2 } };
    expect(ESTIMATES.sft(short, ASSUMED).gpuHours! * 3600).toBeCloseTo(5.52 * 0.8);
    expect(ESTIMATES.sft(RUN, { ...ASSUMED, parameters: 0 })).toMatchObject({
      seconds: undefined,
      gpuHours: undefined,
    });
  });

  it('has completions served, and judged in windows', () => {
    const { calls, promptTokens, completionTokens, unpricedCalls, gpuHours } = ESTIMATES.preferences(RUN, ASSUMED);
    // 8 completions of 300 in and 2,000 out; each judged in 2 windows of 100 + 400 + 1,000 in and 150 out.
    expect([calls, unpricedCalls]).toEqual([8 + 16, 8]);
    expect(promptTokens).toBeCloseTo(8 * 300 + 16 * 1500);
    expect(completionTokens).toBeCloseTo(8 * 2000 + 16 * 150);
    // 16,000 tokens at the 400 that 8 calls × 50 and the served model write, on 4 GPUs.
    expect(gpuHours! * 3600).toBeCloseTo(40 * 4);
  });

  it('evaluates each model, and judges alone where the answers are there already', () => {
    // 6 answers of 2 models; of those and of 5 given ones two judgements, and two windows of 200 words.
    expect(ESTIMATES.evaluate(RUN, ASSUMED).calls).toBe(2 * 6 + (2 * 6 + 5) * (2 + 2));
  });

  it('is held up by what an endpoint allows, and by a text whose sections follow one another', () => {
    const calls = { calls: 60, promptTokens: 118_000, completionTokens: 47_000, chainTokens: 4700 };
    const seconds = (endpoint: Partial<EstimatedEndpoint>): number | undefined =>
      callEstimate('generate', calls, { ...WRITER, ...endpoint }, ASSUMED).seconds;
    expect(seconds({ requestsPerMinute: 6 })).toBe(600);
    expect(seconds({ tokensPerMinute: 16_500 })).toBe(600);
    expect(seconds({ inFlight: 1000 })).toBe(94);
  });

  it('costs nothing where there is nothing to do, and is not known where a part is not', () => {
    const none = ESTIMATES.generate({ ...RUN, texts: { count: 0, promptTokens: 0, words: 3000 } }, ASSUMED);
    expect(none).toMatchObject({ calls: 0, dollars: 0, seconds: 0 });
    const unknown = ESTIMATES.sft(RUN, { ...ASSUMED, parameters: 0 });
    expect(addEstimates(none, unknown).gpuHours).toBeUndefined();
  });
});

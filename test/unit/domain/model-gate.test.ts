import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gateLine, judgeModel, scoreAnswer, summarizeProbe } from '../../../domain/model-gate.ts';
import { Probe, type ProbeAnswer } from '../../../domain/schemas/probe.ts';

const LIMITS = { maxLengthScoreDrop: 10, maxRepeated: 0.2, maxDegenerateFraction: 0.25 };

const PROSE =
  'The baker opens the door at five, lights the oven and hums. Flour drifts through the lamplight like the first ' +
  'snow, and before the street wakes up forty loaves are cooling on the rack.';

const answer = (text: string, more: Partial<ProbeAnswer> = {}): ProbeAnswer => ({
  ...{ prompt: 'p', text, tokens: 50, stopped: true, finite: true },
  ...more,
});
const scoresOf = (...answers: ProbeAnswer[]) => summarizeProbe(answers.map((one) => scoreAnswer(one, 35)));
const good = scoresOf(answer(PROSE), answer(PROSE), answer(PROSE), answer(PROSE));

describe('a probed answer', () => {
  it.each([
    ['not-finite', answer(PROSE, { finite: false })],
    ['empty', answer('')],
    ['empty', answer(' …\n— !', { stopped: false })],
    ['run', answer('the '.repeat(30))],
    ['run', answer(`Well, ${'a'.repeat(40)}`)],
    ['run', answer('好'.repeat(40), { stopped: false })],
    ['loop', answer('We went to the sea and came home again. '.repeat(6), { stopped: false })],
    [undefined, answer('We went to the sea and came home again. '.repeat(6))],
    [undefined, answer(PROSE, { stopped: false })],
    [undefined, answer(PROSE)],
  ])('is degenerate as %s', (kind, said) => {
    expect(scoreAnswer(said, 35).degenerate).toBe(kind);
  });

  it('of a real model is scored by its words', () => {
    const probe = Probe.parse(JSON.parse(readFileSync('test/fixtures/probe-answers.json', 'utf8')));
    const scored = probe.answers.map((one, index) => scoreAnswer(one, [40, 60, 20, 80][index]!));
    expect(scored.map(({ words }) => words)).toEqual([17, 57, 27, 55]);
    expect(summarizeProbe(scored)).toMatchObject({ answers: 4, stopped: 2, degenerate: {} });
  });
});

describe('judgeModel', () => {
  it('passes a model that answers as the one before it did', () => {
    expect(judgeModel(good, good, LIMITS)).toMatchObject({ passed: true, reasons: [] });
  });

  it('passes at each limit, and fails above it', () => {
    const lower = { ...good, lengthScore: good.lengthScore - 10, repeated: 0.2, degenerate: { empty: 1 } };
    expect(judgeModel(lower, good, LIMITS).passed).toBe(true);
    for (const worse of [
      { lengthScore: good.lengthScore - 10.1 },
      { repeated: 0.21 },
      { degenerate: { empty: 1, run: 1 } },
    ])
      expect(judgeModel({ ...lower, ...worse }, good, LIMITS)).toMatchObject({ passed: false, reasons: [{}] });
  });

  it('fails one that lost its feeling for short texts, with what it lost', () => {
    const long = scoresOf(...Array.from({ length: 4 }, (_, index) => answer(longText(index))));
    const gate = judgeModel(long, good, LIMITS);
    expect(gate.reasons).toEqual([{ kind: 'length-score', value: good.lengthScore - long.lengthScore, limit: 10 }]);
    expect(gateLine(gate)).toMatch(
      /^short prompts failed \(S_l \d+\.\d → \d+\.\d, n = 4; mean S_l fell by \d+\.\d, 10 allowed\)$/,
    );
  });

  it('fails one that repeats itself, also where the one before it did', () => {
    const looping = scoresOf(answer('We went to the sea and came home again. '.repeat(4)));
    expect(judgeModel(looping, looping, LIMITS).reasons).toMatchObject([{ kind: 'repeated', limit: 0.2 }]);
    expect(gateLine(judgeModel(looping, looping, LIMITS))).toContain('repeated, 20.0 % allowed');
  });

  it('fails one whose answers are degenerate, counted by their kind', () => {
    const broken = scoresOf(answer(''), answer(''), answer(PROSE, { finite: false }), answer(PROSE));
    const gate = judgeModel(broken, broken, LIMITS);
    expect(gate.reasons).toEqual([{ kind: 'degenerate', value: 0.75, limit: 0.25 }]);
    expect(gateLine(gate)).toContain('3 of 4 answers degenerate (2 empty, 1 not-finite), 25.0 % allowed');
  });

  it('says all reasons at once', () => {
    const broken = scoresOf(answer('', { stopped: false }));
    expect(judgeModel(broken, good, LIMITS).reasons.map(({ kind }) => kind)).toEqual(['degenerate', 'length-score']);
  });
});

/** Words that never repeat. */
function longText(seed: number): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  return Array.from({ length: 200 }, (_, index) =>
    [seed, index % 26, Math.floor(index / 26)].map((place) => letters[place]).join(''),
  ).join(' ');
}

import { describe, expect, it } from 'vitest';
import { preferenceSteps } from '../../../domain/preference-steps.ts';
import { countWords } from '../../../domain/length.ts';
import { joinSections } from '../../../domain/response.ts';

const TEXTS = ['Tea is old.', 'It is warm $& {{text}}.', 'It is brown.\n\nAnd wet.', 'It ends here.'];
const sampleOf = (id: string, texts: readonly string[] = TEXTS) => ({
  id,
  plan: { call: 'p', sections: texts.map((_, index) => ({ mainPoint: `Point ${index}`, words: 100 + index })) },
  sections: texts.map((text) => ({ call: 'c', words: countWords(text) })),
  text: joinSections(texts),
});
const template = '{{instruction}}|{{text}}|{{words}}|{{step}}';

describe('preferenceSteps', () => {
  it('asks for a section by the instruction, the text before it and its planned words', () => {
    const steps = preferenceSteps(sampleOf('a'), 'Write {{words}}.', { seed: 1, steps: 9, template });
    expect(steps.map(({ section, words }) => [section, words])).toEqual([
      [2, 101],
      [3, 102],
      [4, 103],
    ]);
    expect(steps[1]!.prompt).toBe(
      'Write {{words}}.|Tea is old.\n\nIt is warm $& {{text}}.|102|Paragraph 3 - Main Point: Point 2 - Word Count: 102 words',
    );
  });

  it('has a prompt of its own, which tells neither the plan nor what was written', () => {
    const [step] = preferenceSteps(sampleOf('a', TEXTS.slice(0, 2)), 'Write of tea.', { seed: 1, steps: 1 });
    expect(step!.prompt).toContain('Write of tea.');
    expect(step!.prompt).toContain('Tea is old.');
    expect(step!.prompt).toContain('about 101 words');
    expect(step!.prompt).not.toMatch(/Point|warm|\{\{/);
  });

  it('takes no more steps than it is told, the same ones for the same seed, and each one for some sample', () => {
    const sectionsOf = (seed: number, steps: number) =>
      Array.from({ length: 40 }, (_, index) => preferenceSteps(sampleOf(`s${index}`), 'Write.', { seed, steps }));
    const once = sectionsOf(1, 1).map((steps) => steps.map(({ section }) => section));
    expect(once.every((sections) => sections.length === 1)).toBe(true);
    expect(new Set(once.flat())).toEqual(new Set([2, 3, 4]));
    expect(sectionsOf(1, 1)).toEqual(sectionsOf(1, 1));
    expect(sectionsOf(2, 1)).not.toEqual(sectionsOf(1, 1));
    expect(sectionsOf(1, 2).every(([a, b]) => a!.section < b!.section)).toBe(true);
  });

  it.each([
    ['without a plan', { ...sampleOf('a'), plan: undefined }],
    ['of one section', sampleOf('a', ['Tea is old.'])],
    ['whose text is not that of its sections', { ...sampleOf('a'), text: 'Something else.' }],
  ])('gives none for a sample %s', (_, sample) => {
    expect(preferenceSteps(sample, 'Write.', { seed: 1, steps: 1 })).toEqual([]);
  });
});

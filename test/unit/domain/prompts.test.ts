import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CONVERSATION_FIRST_PROMPT,
  CONVERSATION_NEXT_PROMPT,
  JUDGE_PROMPT,
  PLAN_SCHEMA_PROMPT,
  PLAN_TEXT_PROMPT,
  planLines,
  renderPrompt,
  SECTION_PROMPT,
} from '../../../domain/prompts.ts';
import { DIMENSIONS } from '../../../domain/schemas/completion.ts';

const slots = (template: string) => new Set([...template.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name));

describe('renderPrompt', () => {
  it.each(['$&', '$1', '$$', "$'", '$`', '$<name>', '{{plan}}', '{{instruction}}', '$INST$', '\\1', '%s'])(
    'leaves %s in a value as it is',
    (value) => {
      expect(renderPrompt('a {{instruction}} b {{plan}}', { instruction: value, plan: 'P' })).toBe(`a ${value} b P`);
    },
  );

  it('puts any value where its slot is, and nothing else', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, step) => {
        expect(renderPrompt('<{{text}}|{{step}}|{{text}}>', { text, step })).toBe(`<${text}|${step}|${text}>`);
      }),
    );
  });

  it('leaves a slot that has no value, also one that every object would have', () => {
    expect(renderPrompt('{{unknown}} {{constructor}} {{toString}}', {})).toBe(
      '{{unknown}} {{constructor}} {{toString}}',
    );
  });

  it('takes numbers', () => {
    expect(renderPrompt('{{minWords}} to {{maxWords}}', { minWords: 0, maxWords: 1000 })).toBe('0 to 1000');
  });
});

describe('the prompts', () => {
  it.each([
    [
      'plan as text',
      PLAN_TEXT_PROMPT,
      ['instruction', 'minSections', 'maxSections', 'minWords', 'maxWords', 'required'],
    ],
    [
      'plan by schema',
      PLAN_SCHEMA_PROMPT,
      ['instruction', 'minSections', 'maxSections', 'minWords', 'maxWords', 'required'],
    ],
    ['section', SECTION_PROMPT, ['instruction', 'plan', 'text', 'step']],
    ['first turn', CONVERSATION_FIRST_PROMPT, ['instruction', 'plan', 'step']],
    ['next turn', CONVERSATION_NEXT_PROMPT, ['step']],
    ['judge', JUDGE_PROMPT, ['instruction', 'response']],
  ])('have the slots that their callers fill: %s', (_, template, names) => {
    expect(slots(template)).toEqual(new Set(names));
  });

  it('ask the judge for every dimension by the key that is read', () => {
    for (const dimension of DIMENSIONS) expect(JUDGE_PROMPT).toContain(`"${dimension}"`);
  });

  it('show a plan in the line grammar of the paper', () => {
    expect(planLines([{ mainPoint: 'How it began', words: 400 }])).toEqual([
      'Paragraph 1 - Main Point: How it began - Word Count: 400 words',
    ]);
  });
});

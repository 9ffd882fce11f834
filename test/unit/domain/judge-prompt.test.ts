import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeWordsHash, markOutside, missingJudgeSlots, renderJudgePrompt } from '../../../domain/judge-prompt.ts';
import { JUDGE_PROMPT } from '../../../domain/prompts.ts';

const HASH = '0123456789abcdef'.repeat(4);

describe('renderJudgePrompt', () => {
  it('fills the slots of ours and those of the released prompt alike', () => {
    const judged = { instruction: 'Write $RESPONSE$.', response: 'A {{instruction}} of $INST$ and $&.' };
    const ours = renderJudgePrompt('a {{instruction}} b {{response}} c', judged);
    expect(renderJudgePrompt('a $INST$ b $RESPONSE$ c', judged)).toBe(ours);
    expect(ours).toMatch(
      /^a <<<\w{12} \(.*\)\nWrite \$RESPONSE\$\.\n\w{12}>>> b <<<\w{12} \(.*\)\nA \{\{instruction\}\}/,
    );
    expect(ours).toMatch(/ of \$INST\$ and \$&\.\n\w{12}>>> c$/);
  });

  it('says which part of a text it is, outside the marks', () => {
    const part = { from: 5001, to: 10_000, of: 12_000 };
    const prompt = renderJudgePrompt(JUDGE_PROMPT, { instruction: 'I', response: 'R', part });
    expect(prompt).toMatch(/words 5001 to 10000 of 12000.*\)\n<<<\w{12} \(here begins the text/);
    expect(renderJudgePrompt(JUDGE_PROMPT, { instruction: 'I', response: 'R' })).not.toContain('words 5001');
  });

  it('puts any two texts between marks that neither of them contains', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (instruction, response) => {
        const prompt = renderJudgePrompt('{{instruction}}|{{response}}', { instruction, response });
        const mark = prompt.slice(3, 15);
        expect(instruction + response).not.toContain(mark);
        const parts = prompt.split(mark);
        expect(parts).toHaveLength(5);
        expect(parts[1]!.slice(parts[1]!.indexOf('\n') + 1, -1)).toBe(instruction);
        expect(parts[3]!.slice(parts[3]!.indexOf('\n') + 1, -1)).toBe(response);
      }),
    );
  });
});

describe('markOutside', () => {
  it('takes more of the hash, or the next hash, until no text contains it', () => {
    expect(markOutside(HASH, ['a', 'b'])).toBe(HASH.slice(0, 12));
    expect(markOutside(HASH, ['a', `x${HASH.slice(0, 14)}y`])).toBe(HASH.slice(0, 15));
    expect(markOutside(HASH, [HASH])).not.toContain(HASH.slice(0, 12));
  });
});

describe('missingJudgeSlots', () => {
  it.each([
    ['{{instruction}} {{response}}', []],
    ['$INST$ {{response}}', []],
    ['$INST$', ['{{response}}']],
    ['{{response}}', ['{{instruction}}']],
    ['Score it.', ['{{instruction}}', '{{response}}']],
  ])('of %s are %j', (template, missing) => {
    expect(missingJudgeSlots(template)).toEqual(missing);
  });
});

it('knows our words by a hash, whatever the text', () => {
  expect(judgeWordsHash()).toMatch(/^[0-9a-f]{64}$/);
  expect(judgeWordsHash()).toBe(judgeWordsHash());
});

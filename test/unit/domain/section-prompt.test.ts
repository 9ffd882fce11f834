import { describe, expect, it } from 'vitest';
import { sectionMessages, type SectionPrompt } from '../../../domain/section-prompt.ts';

const plan = ['one', 'two', 'three', 'four'].map((mainPoint) => ({ mainPoint, words: 200 }));
const base: SectionPrompt = { context: 'single-prompt', task: 'TASK', plan, earlier: ['Text A.', 'Text B.'] };
const summary = { text: 'SUMMARY', sections: 1 };

describe('sectionMessages', () => {
  it('in a single prompt gives task, whole plan, whole text so far and the step', () => {
    const [message, ...more] = sectionMessages(base);
    expect(more).toEqual([]);
    expect(message!.content).toMatch(/TASK[\s\S]*Paragraph 4 - Main Point: four[\s\S]*Text A\.\n\nText B\./);
    expect(message!.content).toMatch(/only that one:\nParagraph 3 - Main Point: three/);
  });

  it.each(['single-prompt', 'conversation'] as const)(
    'as %s a template of the user has the parts of the step',
    (context) => {
      const template = '{{mainPoint}} in {{words}} words';
      const earlier = context === 'conversation' ? [] : base.earlier;
      const [message] = sectionMessages({ ...base, context, earlier, template });
      expect(message!.content).toBe(`${plan[earlier.length]!.mainPoint} in 200 words`);
    },
  );

  it('in a conversation each section extends the messages of the one before', () => {
    const conversation = { ...base, context: 'conversation' as const };
    const second = sectionMessages({ ...conversation, earlier: ['Text A.'] });
    const third = sectionMessages(conversation);
    expect(third.slice(0, second.length)).toEqual(second);
    expect(third.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant', 'user']);
  });

  it.each(['single-prompt', 'conversation'] as const)('as %s a summary stands for the first sections', (context) => {
    const all = sectionMessages({ ...base, context, summary })
      .map(({ content }) => content)
      .join('\n');
    expect(all).toContain('SUMMARY');
    expect(all).toContain('Text B.');
    expect(all).not.toContain('Text A.');
    expect(all).toContain('Paragraph 3 - Main Point: three - Word Count: 200 words');
  });

  it('a summary of everything still asks for the next section', () => {
    const messages = sectionMessages({ ...base, context: 'conversation', summary: { ...summary, sections: 2 } });
    expect(messages).toHaveLength(1);
    expect(messages[0]!.content).toMatch(/SUMMARY[\s\S]*Paragraph 3/);
  });

  it('a note on the draw before ends the last message and leaves the others as they were', () => {
    const conversation = { ...base, context: 'conversation' as const };
    const [plain, noted] = [sectionMessages(conversation), sectionMessages({ ...conversation, note: 'NOTE' })];
    expect(noted.slice(0, -1)).toEqual(plain.slice(0, -1));
    expect(noted.at(-1)!.content).toBe(`${plain.at(-1)!.content}\n\nNOTE`);
  });
});

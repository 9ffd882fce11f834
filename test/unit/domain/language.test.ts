import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PROJECT } from '../../../configs/env.ts';
import { expectedScript, requestedLanguage, scriptOf } from '../../../domain/language.ts';
import { missing } from '../../parts.ts';

describe('scriptOf', () => {
  it.each([
    ['English', 'It began in the winter of that year.', 'latin'],
    ['French', 'Cela a commencé à l’hiver de cette année.', 'latin'],
    ['Chinese', '故事从那年冬天开始。', 'han'],
    ['Chinese with English terms', '基于 OpenStack 和 Ceph 的高可用存储集群的搭建与测试方法', 'han'],
    ['English with a Chinese quotation', 'The poem begins with 床前明月光 and ends with a sigh about home.', 'latin'],
    ['Japanese, whose text holds Chinese characters', '物語はその年の冬に東京で始まりました。', 'other'],
    ['Russian', 'Это началось зимой того года.', 'other'],
    [
      'Chinese about a program, with its code',
      `这段程序打印一行文字。\n\`\`\`js\n${'console.log(answer);\n'.repeat(9)}\`\`\``,
      'han',
    ],
    ['a text of both', 'How the city began, and who built it 介绍城市的起源，以及谁建造了它', undefined],
    ['a few letters', 'H₂O = 水', undefined],
    ['numbers and marks', '1, 2, 3 … 4! '.repeat(20), undefined],
    ['nothing', '', undefined],
  ])('knows the script of %s', (_, text, script) => {
    expect(scriptOf(text)).toBe(script);
  });

  it('is done at once with any text, and never throws', () => {
    const started = performance.now();
    for (const loop of ['`', '```', '```a', '字', 'a', '!', ' ', '\ud800', 'か'])
      for (const end of ['', 'x', '```']) scriptOf(loop.repeat(20_000) + end);
    expect(performance.now() - started).toBeLessThan(2000);
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void scriptOf(text)));
  });
});

describe('expectedScript', () => {
  it.each([
    ['Write a story of 800 words about two neighbours.', 'latin'],
    ['Write a guide to reading in English.', 'latin'],
    ['Schreibe einen Aufsatz über Sprachen, auch auf French.', 'latin'],
    ['写一篇2000字的科幻小说', 'han'],
    ['用中文写一篇2000字的科幻小说', 'han'],
    ['发表一篇关于“正当防卫”的普法文章', 'han'],
    ['写一篇关于德国文化和中国文学的论文', 'han'],
  ])('is the script of %j', (instruction, script) => {
    expect(expectedScript(instruction)).toBe(script);
  });

  it.each([
    '帮我用英文写一篇关于郭沫若生平的文章',
    '请写一篇300词的英语作文，题目自拟',
    '把下面的故事翻译出来，然后续写到两千字',
    '写一篇中英双语的旅游指南',
    '用法语写一封感谢信给我的房东',
    '请用English写一篇关于春节的文章',
    'Write an 800 words Chinese news about the acquisition.',
    'Write a bilingual guide to the museum, 2,000 words.',
    'Translate this story and go on with it for 2,000 words.',
    '请用中文写 a story about two neighbours',
    'こんにちは、冬の物語をEnglishで書いてください。',
    'Напиши рассказ о зиме в городе, на языке Japanese.',
    '500',
  ])('is open for %j', (instruction) => {
    expect(expectedScript(instruction)).toBeUndefined();
  });

  it.skipIf(missing('longbench-write'))(
    'is known for 115 of the 120 prompts of LongBench-Write, and never wrong',
    () => {
      const rows = readFileSync(join(PROJECT, '../shared/data/longbench-write/longbench_write.jsonl'), 'utf8');
      const prompts = rows
        .trim()
        .split('\n')
        .map((row) => (JSON.parse(row) as { prompt: string }).prompt);
      const found = prompts.map((prompt) => [prompt, expectedScript(prompt)] as const);
      // Read by hand: every prompt with a Chinese character asks for Chinese, but two for an English text.
      for (const [prompt, script] of found)
        if (script !== undefined) expect(script, prompt).toBe(/\p{Script=Han}/u.test(prompt) ? 'han' : 'latin');
      const open = found.flatMap(([prompt, script], index) =>
        script === undefined ? [{ line: index + 1, prompt }] : [],
      );
      expect(open.map(({ line }) => line)).toEqual([13, 31, 43, 60, 94]);
      for (const english of ['英文', '英语作文'])
        expect(open.some(({ prompt }) => prompt.includes(english))).toBe(true);
    },
  );
});

describe('requestedLanguage', () => {
  it.each([
    ['帮我用英文写一篇关于郭沫若生平的文章，不少于4000字。', 'en'],
    ['写一篇300词的英语作文，题目自拟，主题为环境保护与未来。', 'en'],
    ['我的论文题目是大学英语阅读教学与课程思政融合的现状研究，请写综述。', 'zh'],
    ['Write a story that conveys a sense of Chinese culture.', 'en'],
    ['Write the news in standard and decent Chinese and give it a title.', 'zh'],
    ['Translate this English poem and explain it in Chinese.', 'en'],
    ['Write one part in English and one part in Chinese.', 'en'],
    ['その年の冬に東京で始まった物語を書いてください。', 'other'],
    ['', 'other'],
  ])('of %j is %s', (instruction, language) => {
    expect(requestedLanguage(instruction)).toBe(language);
  });

  it.skipIf(missing('longbench-write'))(
    'tells LongBench-Write’s two halves, but for two rows that stand in the wrong one',
    () => {
      const read = (name: string) =>
        readFileSync(join(PROJECT, `../shared/data/longbench-write/${name}.jsonl`), 'utf8')
          .trim()
          .split('\n')
          .map((row) => (JSON.parse(row) as { prompt: string }).prompt);
      const english = new Set(read('longbench_write_en'));
      const wrong = read('longbench_write').filter(
        (prompt) => (requestedLanguage(prompt) === 'en') !== english.has(prompt),
      );
      // An English essay that is asked for in a Chinese prompt is not in the English file, a Chinese news report is.
      expect(wrong).toHaveLength(2);
      expect(wrong[0]).toContain('英语作文');
      expect(wrong[1]).toContain('decent Chinese');
    },
  );
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PROJECT } from '../../../configs/env.ts';
import { readRequiredLength } from '../../../domain/required-length.ts';
import { missing } from '../../parts.ts';

/** The prompts of a benchmark file with the lengths that its authors gave them. */
function benchmark(file: string): { prompt: string; length: number }[] {
  const rows = readFileSync(join(PROJECT, '../shared/data/longbench-write', file), 'utf8')
    .trim()
    .split('\n');
  return rows.map((row) => JSON.parse(row) as { prompt: string; length: number });
}

function score(file: string): { precision: number; recall: number; right: number } {
  const rows = benchmark(file);
  const answers = rows.map(({ prompt, length }) => ({ length, words: readRequiredLength(prompt)?.words }));
  const answered = answers.filter(({ words }) => words !== undefined);
  const right = answered.filter(({ words, length }) => words === length).length;
  return { precision: right / answered.length, recall: answered.length / rows.length, right };
}

describe('readRequiredLength', () => {
  it.each([
    ['Write a letter to the mayor about the bridge, 2,000 words.', 2000, 'about'],
    ['A 2000-word portrait of a lighthouse keeper, please.', 2000, 'about'],
    ['I need 2k words on the history of salt.', 2000, 'about'],
    ['Draft a 2.5K-word guide to beekeeping.', 2500, 'about'],
    ['Tell me about rivers in two thousand words.', 2000, 'about'],
    ['Compose an essay of twenty-five hundred words on sleep.', 2500, 'about'],
    ['Write one thousand two hundred words about glass.', 1200, 'about'],
    ['A hundred and fifty words on why cats purr.', 150, 'about'],
    ['Explain photosynthesis in about five hundred (500) words.', 500, 'about'],
    ['Write 1500 or so words about the tram.', 1500, 'about'],
    ['A report on tides, **3000 words**, with headings.', 3000, 'about'],
    ['Write a 10 000 word novella about a clockmaker.', 10_000, 'about'],
    ['Word count: 1,800. Topic: the monsoon.', 1800, 'about'],
    ['The word count should be around 900 and the tone light.', 900, 'about'],
    ['Describe the harbour in 700 Chinese characters.', 700, 'about'],
    ['In 1969 people landed on the moon; describe the day in 650 words.', 650, 'about'],
    ['Write at least 2000 words on the economics of tea.', 2000, 'at-least'],
    ['Write a history of chess. It must be no less than 4000 words.', 4000, 'at-least'],
    ['Give me a minimum of 750 words about mosses.', 750, 'at-least'],
    ['An essay on wind power, 1200 words or more.', 1200, 'at-least'],
    ['A 3000+ word story about a stolen violin.', 3000, 'at-least'],
    ['Our blog needs a piece on bread, not fewer than 600 words.', 600, 'at-least'],
    ['Summarize the theory in no more than 300 words.', 300, 'at-most'],
    ['Write up to 450 words on city trees.', 450, 'at-most'],
    ['Answer in under 250 words: why is the sea salty?', 250, 'at-most'],
    ['Write a eulogy for a gardener, 800 words max.', 800, 'at-most'],
    ['An article on foxes that does not exceed 1000 words.', 1000, 'at-most'],
    ['Sum up the plot in 15 words.', 15, 'about'],
    ['Write a product description of at most 18 words.', 18, 'at-most'],
    ['An article of 1500-2000 words on glaciers.', 1750, 'range'],
    ['Write between 1500 and 2001 words about libraries.', 1751, 'range'],
    ['Write 2-3k words on the silk trade.', 2500, 'range'],
    ['An essay of two to three thousand words about maps.', 2500, 'range'],
    ['At least 1000 words but no more than 1400 words on the subject of dust.', 1200, 'range'],
    ['Write two parts of 1000 words each about the flood.', 2000, 'about'],
    ['Write five diaries of 400 words from a sailor.', 2000, 'about'],
    ['Write three 500-word stories for children.', 1500, 'about'],
    ['A novel with 12 chapters; each chapter should be at least 1500 words.', 18_000, 'at-least'],
    ['Plan a course of ten lessons and write 300 words for each lesson.', 3000, 'about'],
    ['Write a 6000-word novella in 4 chapters, each chapter about 1500 words.', 6000, 'about'],
    ['Write a 2000-word essay with a 200-word introduction.', 2000, 'about'],
    ['Four scenes of 300 words each, 1500 words in total.', 1500, 'about'],
    ['Summarize this 5000-word article in 200 words.', 200, 'about'],
    ['Shorten the speech from 900 words to 300 words.', 300, 'about'],
    ['Use the following 10 words in a story of 350 words.', 350, 'about'],
    ['Write the first 2500 words of a spy novel.', 2500, 'about'],
    ["Write about the harvest. Don't exceed 700 words.", 700, 'at-most'],
    ['A post on shoes, max. 200 words, with three hashtags', 200, 'at-most'],
    ['Limit your answer to 120 words: what is a fjord?', 120, 'at-most'],
    ['Rewrite the text below in 150 words.', 150, 'about'],
    ['Write a 7 page, 1750 word research paper.', 1750, 'about'],
    ['Write a 4-part series on soil, 600 words per part.', 2400, 'about'],
    ['Write a five paragraph essay, 100 words per paragraph.', 500, 'about'],
    ['Write a fifteen hundred word article on rope.', 1500, 'about'],
    ['Continue the story for another 800 words.', 800, 'about'],
    ['Compose a newsletter. Word count 350-400', 375, 'range'],
    ['Write 1200 words about owls. Repeat the keyword every 100 words.', 1200, 'about'],
    ['Ｗｒｉｔｅ ２，０００ ｗｏｒｄｓ about fog.', 2000, 'about'],
  ])('reads %j', (instruction, words, bound) => {
    expect(readRequiredLength(instruction)).toMatchObject({ words, bound });
  });

  it.each([
    ['写一篇关于邻里关系的散文，两千字', 2000, 'about'],
    ['请写一篇2000字左右的游记', 2000, 'about'],
    ['写一个海边小镇的故事，5000 个字', 5000, 'about'],
    ['帮我写一部一万五千字的悬疑小说', 15_000, 'about'],
    ['写1.5万字的行业分析', 15_000, 'about'],
    ['来一篇3千字的影评', 3000, 'about'],
    ['用八百字介绍榫卯结构', 800, 'about'],
    ['写一篇一千五百字的读后感', 1500, 'about'],
    ['写一篇2k字的科普文章', 2000, 'about'],
    ['写一部２万字的武侠小说', 20_000, 'about'],
    ['写一篇５，０００字的调查报告', 5000, 'about'],
    ['写一篇关于养蜂的文章。字数：1800', 1800, 'about'],
    ['总字数约1.2万，分为六章，介绍中国桥梁', 12_000, 'about'],
    ['2023年的冬天下了一场大雪，以此为开头写600字', 600, 'about'],
    ['写一段500字段落清晰的说明文', 500, 'about'],
    ['写一篇300词的英语作文，介绍你的家乡', 300, 'about'],
    ['写一篇演讲稿，不少于2000字', 2000, 'at-least'],
    ['写一篇工作总结，字数不低于1500', 1500, 'at-least'],
    ['谈谈城市噪音，1200字以上', 1200, 'at-least'],
    ['至少写三千字，讲讲丝绸的来历', 3000, 'at-least'],
    ['写一篇2000+字的人物传记', 2000, 'at-least'],
    ['概括这部电影的情节，300字以内', 300, 'at-most'],
    ['写一封道歉信，不超过400字', 400, 'at-most'],
    ['介绍这家书店，字数控制在600以内', 600, 'at-most'],
    ['写一则启事，最多200个字', 200, 'at-most'],
    ['用800到1000字讲讲候鸟迁徙', 900, 'range'],
    ['字数在1500至2000字之间，主题是茶', 1750, 'range'],
    ['写一篇两三千字的乡村故事', 2500, 'range'],
    ['写1-2万字的校园小说', 15_000, 'range'],
    ['不少于1000字，不超过1200字，写一次远行', 1100, 'range'],
    ['写一组日记，每篇400字，共五篇', 2000, 'about'],
    ['分三部分写，各写1000字，谈谈海洋', 3000, 'about'],
    ['写两个800字的童话', 1600, 'about'],
    ['小说分为20章，每章不少于2000字', 40_000, 'at-least'],
    ['写5封信，每封300字左右，全文共1500字', 1500, 'about'],
    ['写一篇2000字的论文，摘要200字', 2000, 'about'],
    ['把这篇3000字的讲稿缩写到500字', 500, 'about'],
    ['把下面的故事从500字扩写到1500字', 1500, 'about'],
    ['写3个小故事，每个200字', 600, 'about'],
    ['一份2万5千字的商业计划书', 25_000, 'about'],
    ['两万五千字的小说，主角十八岁', 25_000, 'about'],
    ['将原文5000字压缩为1000字', 1000, 'about'],
    ['请在500字内回答：什么是潮汐', 500, 'at-most'],
    ['写一篇500字内心独白', 500, 'about'],
    ['全文3000字左右，每部分不少于500字', 3000, 'about'],
    ['标题不超过15字，正文写900字', 900, 'about'],
  ])('reads %j', (instruction, words, bound) => {
    expect(readRequiredLength(instruction)).toMatchObject({ words, bound });
  });

  it.each([
    'Write a story about winter.',
    'Describe the city in 2000.',
    'Tell me in your own words what happened in 1848.',
    'Make a sentence from these 5 words: sun, moon, cat, hill, rain.',
    'Use the following 10 words in a poem.',
    'Explain 500 English vocabulary words.',
    'List 100 words that rhyme with light.',
    'Write a 30-page report with 12 chapters.',
    'Give me 25 points about the reform of 1905.',
    'My typing speed is 60 words per minute; how do I get faster?',
    'Proofread my 1200-word essay.',
    'Fix the grammar of the following 400 words.',
    'A picture is worth a thousand words: discuss.',
    'How do I embed 5000 words with word2vec?',
    'Write a 500-word essay. Make it 900 words.',
    'Write a few hundred words about kites.',
    'Write three essays about trains, four pages each.',
    'Write several chapters of 1000 words each.',
    'The essay should be at least 2000 words and no more than 1000 words.',
    'Write a book of 900,000 words.',
    'Write 3 posts about shoes, 500 words.',
    'Write an essay on frogs with a headline of at most 12 words.',
    'Write an essay. The introduction should be 200 words.',
    'Make the ending 200 words longer.',
    'Add 300 words to the story.',
    'How long does it take to write 1000 words?',
    'Is 500 words enough for an essay?',
    'I have a 3000-word essay to write on Kant. Help me outline it.',
    'Write a book review (400 words), then a summary (100 words).',
    'Write at least 500 words. At least 800 words.',
    'Section 1: 500 words. Section 2: 500 words.',
    'Write 100 words on each of the four seasons.',
    '写第三章，约4000字，第二章已经写到3500字',
    '再加500字',
    '我写了一篇3000字的小说，请帮我修改',
    '写6段话，一段200字',
    '引言200字，正文600字，结论200字',
    '要求：1，800字以上。',
    '这封信有多少字？写1000字要多久？',
    '千字以内介绍古琴',
    '写一篇关于春天的作文',
    '2000年的奥运会在哪里举行？',
    '用你自己的话讲讲数字经济和文字的起源',
    '写一个长度为5000字节的缓冲区的程序',
    '给用户表加一个100字段的配置',
    '把这500个汉字翻译成英文',
    '解释“三字经”和“百家姓”的来历',
    '掌握3500字需要多长时间？',
    '每分钟朗读300字算快吗？',
    '写10页幻灯片，介绍20个要点',
    '下面这篇2000字的文章有什么错别字？',
    '写数千字的长篇散文',
    '写一篇800字的散文，要写满1500字',
    '写三篇小红书文案，200字',
    '写几章小说，每章2000字',
    '标题20字以内，内容不限',
    '写一篇作文，不少于900字，不超过600字',
    '出30道选择题，附答案',
    '写一部五十万字的小说',
    '稿费是每千字100元，怎么算？',
    '',
  ])('reads nothing from %j', (instruction) => {
    expect(readRequiredLength(instruction)).toBeUndefined();
  });

  it('shows people what it was read from, in the words of the instruction', () => {
    expect(readRequiredLength('写一组日记，每篇４００字，共五篇')?.evidence).toEqual(['４００字', '五篇']);
    expect(readRequiredLength('Write at least 2,000 words on rain.')?.evidence).toEqual(['at least 2,000 words']);
  });

  it('is done at once with any text, and never throws', () => {
    const started = performance.now();
    const loops = [
      '1',
      '1,',
      '1 ',
      ' ',
      '\u00a0',
      '一',
      '千',
      '一千',
      'one ',
      'a ',
      'thousand ',
      '1-',
      '1 to ',
      '字数',
      '字数:',
    ];
    loops.push(
      'word count ',
      '100字',
      '每篇',
      '每篇100字',
      '100 words ',
      '100 words each ',
      '5 parts of ',
      '不',
      '至少',
      '字',
      '(',
    );
    loops.push('no more than ', 'each chapter ', '写', 'two parts ', 'the ', '1字到', '，', '\ud800', '.', '1.5万');
    for (const loop of loops)
      for (const end of ['', '0千字每章']) readRequiredLength(loop.repeat(Math.ceil(200_000 / loop.length)) + end);
    const spent = performance.now() - started;
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void readRequiredLength(text)));
    const pieces = fc.constantFrom(
      '2',
      '000',
      ',',
      '千',
      '两',
      '字',
      ' words',
      ' each',
      '每章',
      '章',
      '到',
      '-',
      ' two',
      ' to ',
      '不超过',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const length = readRequiredLength(parts.join(''));
        if (length)
          expect(length.words).toSatisfy((words: number) => Number.isInteger(words) && words > 0 && words <= 200_000);
      }),
    );
    expect(spent).toBeLessThan(5000);
  });

  it.skipIf(missing('longbench-write'))('agrees with the lengths that the benchmark gives its prompts', () => {
    // The authors call a range by its upper end, and gave four prompts without any a length of their own.
    const write = score('longbench_write.jsonl');
    expect(write.precision).toBeGreaterThanOrEqual(0.97);
    expect(write.recall).toBeGreaterThanOrEqual(0.95);
    expect(score('longwrite_ruler.jsonl')).toEqual({ precision: 1, recall: 1, right: 48 });
  });
});

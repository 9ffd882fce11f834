import { createHash } from 'node:crypto';
import type { ChatMessage } from '../../domain/schemas/call.ts';
import { DIMENSIONS } from '../../domain/schemas/completion.ts';
import { planLines } from '../../domain/prompts.ts';

/** How long and how many the texts are. */
export interface AnswerSettings {
  /** Sections of every plan. */
  readonly sections: number;
  /** Words of every section, planned and written. */
  readonly words: number;
}

/** Ways in which a plan goes wrong, one after the other. */
const BAD_PLANS = ['prose before it', 'no plan lines', 'sixty lines', 'cut off', 'wrong numbers'] as const;
export type BadPlan = (typeof BAD_PLANS)[number];

/** How the n-th bad plan goes wrong. */
export const badPlan = (index: number): BadPlan => BAD_PLANS[index % BAD_PLANS.length]!;

/** Whether a request is for a plan, by our own prompt. */
export const isPlanRequest = (messages: readonly ChatMessage[]): boolean =>
  messages.length === 1 && messages[0]!.content.startsWith('You are planning a long text');

/** The text that answers a question: the same question, with the same seed, always has the same answer. */
export function answerTo(
  messages: readonly ChatMessage[],
  seed: number,
  { sections, words }: AnswerSettings,
  bad?: BadPlan,
): { readonly text: string; readonly finishReason: string } {
  const random = randomOf(`${seed}\n${messages.map(({ content }) => content).join('\n')}`);
  if (!isPlanRequest(messages)) return { text: prose(random, words), finishReason: 'stop' };
  const plan = (count: number) =>
    planLines(Array.from({ length: count }, () => ({ mainPoint: prose(random, 12), words }))).join('\n');
  switch (bad) {
    case undefined:
      return { text: plan(sections), finishReason: 'stop' };
    case 'prose before it':
      return {
        text: `Certainly! Here is a plan for the text you asked for.\n\n${plan(sections)}`,
        finishReason: 'stop',
      };
    case 'no plan lines':
      return { text: prose(random, 80), finishReason: 'stop' };
    case 'sixty lines':
      return { text: plan(60), finishReason: 'stop' };
    case 'cut off':
      return { text: plan(sections).slice(0, -40), finishReason: 'length' };
    case 'wrong numbers':
      return { text: plan(sections).replaceAll(/Paragraph (\d+)/g, 'Paragraph 2$1'), finishReason: 'stop' };
  }
}

/** A judge's answer: scores from 1 to 5 that the question and its seed decide. */
export function scoresFor(messages: readonly ChatMessage[], seed: number): { text: string; finishReason: string } {
  const random = randomOf(`${seed}\n${messages.map(({ content }) => content).join('\n')}`);
  const scores = DIMENSIONS.map((dimension) => [dimension, 1 + Math.floor(5 * random())]);
  return { text: JSON.stringify(Object.fromEntries(scores)), finishReason: 'stop' };
}

const SYLLABLES = 'ba de fi go lu ma ne pi ro su ta ve wi zo ka li mo nu ra se'.split(' ');

/** Words that no check of repetition stumbles over: of 8,000 there are, eight in a row do not come twice. */
function prose(random: () => number, words: number): string {
  const syllable = () => SYLLABLES[Math.floor(random() * SYLLABLES.length)]!;
  let text = '';
  for (let index = 0; index < words; index++) {
    const word = syllable() + syllable() + syllable();
    text += `${index === 0 ? '' : index % 12 === 0 ? '. ' : ' '}${word}`;
  }
  return `${text}.`;
}

/** Random numbers from 0 to 1 that a text decides (xorshift32). */
function randomOf(text: string): () => number {
  let state = createHash('sha256').update(text).digest().readUInt32LE(0) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

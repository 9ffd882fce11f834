import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Rows that a seed decides, of which a share are near-duplicates of earlier ones. */
export interface RowsSettings {
  readonly rows: number;
  readonly words: number;
  /** Share of the rows, 0 to 1. */
  readonly nearDuplicates: number;
  /** Share of a near-duplicate's words that are drawn anew, 0 to 1. */
  readonly edited: number;
  readonly seed: string;
}

const WORD_FORMS = 20_000;
const SENTENCE_WORDS = 14;

/**
 * Writes rows as JSONL in TRL's conversational format. No row is kept: a near-duplicate makes its original's words again.
 * @returns how many of them are near-duplicates
 */
export async function writeRows(file: string, settings: RowsSettings): Promise<number> {
  const forms = wordForms(settings.seed);
  let planted = 0;
  function* lines(): Generator<string> {
    for (let row = 0; row < settings.rows; row++) {
      if (isNearDuplicate(row, settings)) planted++;
      const answer = proseOf(wordsOf(row, settings).map((form) => forms[form]!));
      const messages = [
        { role: 'user', content: `Write text number ${row} in ${settings.words} words.` },
        { role: 'assistant', content: answer },
      ];
      yield `${JSON.stringify({ messages })}\n`;
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(file));
  return planted;
}

function isNearDuplicate(row: number, { seed, nearDuplicates }: RowsSettings): boolean {
  return row > 0 && randomOf(`${seed} kind ${row}`)() < nearDuplicates;
}

/** A row's words as numbers of their forms. */
function wordsOf(row: number, settings: RowsSettings): number[] {
  const random = randomOf(`${settings.seed} row ${row}`);
  if (!isNearDuplicate(row, settings)) return Array.from({ length: settings.words }, () => drawForm(random));
  let original = Math.floor(random() * row);
  while (isNearDuplicate(original, settings)) original--;
  return wordsOf(original, settings).map((form) => (random() < settings.edited ? drawForm(random) : form));
}

/** A form by Zipf's law: the chance of each is about one by its number. */
const drawForm = (random: () => number): number => Math.min(WORD_FORMS, Math.floor((WORD_FORMS + 1) ** random())) - 1;

/** Distinct words of two letters and more, the shortest first. */
function wordForms(seed: string): string[] {
  const random = randomOf(`${seed} forms`);
  const forms = new Set<string>();
  while (forms.size < WORD_FORMS) {
    const letters = Math.min(10, 2 + Math.floor(forms.size ** 0.2));
    const codes = Array.from({ length: letters }, () => 97 + Math.floor(26 * random()));
    forms.add(String.fromCharCode(...codes));
  }
  return [...forms];
}

function proseOf(words: readonly string[]): string {
  const sentences: string[] = [];
  for (let start = 0; start < words.length; start += SENTENCE_WORDS) {
    const [first, ...rest] = words.slice(start, start + SENTENCE_WORDS);
    sentences.push(`${[first![0]!.toUpperCase() + first!.slice(1), ...rest].join(' ')}.`);
  }
  return sentences.join(' ');
}

/**
 * Random numbers from 0 to 1 that a text decides. With a state of 32 bits the numbers of a million rows would overlap, and
 * rows be alike that nobody planted. Source: sfc32 of PractRand.
 */
function randomOf(text: string): () => number {
  const state = new Int32Array(4);
  createHash('sha256').update(text).digest().copy(Buffer.from(state.buffer));
  return () => {
    const sum = (state[0]! + state[1]! + state[3]!) | 0;
    state[3] = state[3]! + 1;
    state[0] = state[1]! ^ (state[1]! >>> 9);
    state[1] = state[2]! + (state[2]! << 3);
    state[2] = ((state[2]! << 21) | (state[2]! >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  };
}

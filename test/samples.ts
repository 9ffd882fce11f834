import { MockActivityEnvironment } from '@temporalio/testing';
import { jsonBytes, jsonLinesBytes } from '../activities/io/store/json.ts';
import { sampleSettings } from '../activities/run-files.ts';
import { NO_SPENDING } from '../domain/cost.ts';
import { sha256Hex } from '../domain/fingerprint.ts';
import { sampleKey } from '../domain/keys.ts';
import { countWords } from '../domain/length.ts';
import type { Sample } from '../domain/schemas/sample.ts';
import { activityDeps } from './unit/activity-deps.ts';

/** A text of words that no text of another topic shares many runs with. */
export function textOf(topic: string, sentences: number): string {
  let digits = '';
  const pick = (index: number): string => {
    if (index % 12 === 0)
      digits = sha256Hex(`${topic} ${index}`).replace(/\d/g, (digit) => 'ghijklmnop'[Number(digit)]!);
    return digits.slice((index % 12) * 5, (index % 12) * 5 + 5);
  };
  return Array.from(
    { length: sentences },
    (_, at) => `The ${Array.from({ length: 10 }, (__, word) => pick(at * 10 + word)).join(' ')}.`,
  ).join(' ');
}

/** Puts the instructions and the finished samples of run `r` into the store in a folder. */
export async function prepareSamples(
  folder: string,
  overrides: readonly string[],
  texts: readonly ({ prompt?: string; length?: number } & ({ text: string } | { topic: string; sentences: number }))[],
) {
  const deps = await activityDeps(folder, undefined as never, overrides);
  const settings = sampleSettings(await deps.files.config({ run: 'r', revision: 1 }));
  const samples = texts.map((one) => {
    const text = 'text' in one ? one.text : textOf(one.topic, one.sentences);
    const prompt = one.prompt ?? `Write about ${'topic' in one ? one.topic : text.slice(0, 20)}.`;
    return { id: sha256Hex(prompt).slice(0, 16), prompt, text, length: one.length };
  });
  const instructions = samples.map(({ id, prompt, length }) => ({
    id,
    prompt,
    ...(length === undefined ? {} : { length }),
  }));
  await deps.store.putView('instructions', jsonLinesBytes(instructions));
  for (const { id, text } of samples) {
    const view: Sample = {
      id,
      origin: 'generated',
      settings,
      verdict: 'kept',
      sections: [],
      refused: [],
      summaries: [],
      retry: { draws: 0, anew: 0 },
      spending: NO_SPENDING,
      text,
      words: countWords(text),
    };
    await deps.store.putView(sampleKey('r', id), jsonBytes(view));
  }
  return deps;
}

/** Runs an activity as a worker would. */
export function inActivity<T>(activity: () => Promise<T>): Promise<T> {
  return new MockActivityEnvironment().run(activity) as Promise<T>;
}

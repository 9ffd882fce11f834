import { z } from 'zod';
import { wellFormed } from '../well-formed.ts';
import { ChatMessage } from './call.ts';

/** A preference pair as TRL reads it. */
export const PreferenceRow = z.strictObject({
  prompt: z.array(ChatMessage).min(1),
  chosen: z.array(ChatMessage).min(1),
  rejected: z.array(ChatMessage).min(1),
});
export type PreferenceRow = z.infer<typeof PreferenceRow>;

const Turns = z.union([z.string(), z.array(ChatMessage.strip()).min(1)]);

/**
 * The preference pair in a row of somebody else's, or what is wrong with it; what else stands in it is passed over. Texts
 * become messages, and answers that repeat the prompt before them, as those of UltraFeedback do, lose it.
 */
export function readPreferenceRow(
  row: Readonly<Record<string, unknown>>,
): PreferenceRow | { readonly problem: string } {
  const prompt = readTurns(row, 'prompt', 'user');
  if ('problem' in prompt) return prompt;
  if (prompt.turns.at(-1)!.role !== 'user') return { problem: 'prompt: does not end in a message of the user' };
  const chosen = readAnswer(row, 'chosen', prompt.turns);
  if ('problem' in chosen) return chosen;
  const rejected = readAnswer(row, 'rejected', prompt.turns);
  if ('problem' in rejected) return rejected;
  return { prompt: prompt.turns, chosen: chosen.turns, rejected: rejected.turns };
}

type Read = { readonly turns: ChatMessage[] } | { readonly problem: string };

function readAnswer(row: Readonly<Record<string, unknown>>, column: string, prompt: readonly ChatMessage[]): Read {
  const read = readTurns(row, column, 'assistant');
  if ('problem' in read) return read;
  const repeats = prompt.every(
    ({ role, content }, index) => read.turns[index]?.role === role && read.turns[index].content === content,
  );
  const turns = repeats ? read.turns.slice(prompt.length) : read.turns;
  if (turns.length === 1 && turns[0]!.role === 'assistant') return { turns };
  return { problem: `${column}: expected one answer of the assistant, found ${turns.length} messages` };
}

function readTurns(row: Readonly<Record<string, unknown>>, column: string, role: ChatMessage['role']): Read {
  const parsed = Turns.safeParse(row[column]);
  if (!parsed.success)
    return { problem: `${column}: expected a text, or messages of system, user and assistant with their content` };
  const turns = typeof parsed.data === 'string' ? [{ role, content: parsed.data }] : parsed.data;
  if (turns.at(-1)!.content.trim() === '') return { problem: `${column}: has no text` };
  return { turns: turns.map(({ role: who, content }) => ({ role: who, content: wellFormed(content) })) };
}

/** One line of scores.jsonl: a completion with its scores, and what became of it. */
export const PreferenceScore = z.strictObject({
  prompt: z.string(),
  completion: z.number().int().min(0),
  words: z.number().int().min(0),
  finishReason: z.string(),
  /** S_l, 0 to 100. */
  lengthScore: z.number(),
  /** S_q, 0 to 100; null where the judge gave none. */
  qualityScore: z.number().nullable(),
  /** What pairs are made by, 0 to 100; null without S_q. */
  score: z.number().nullable(),
  became: z.enum(['chosen', 'rejected', 'unused']),
  /** Why its prompt gave no pair; null where it did. */
  dropped: z.string().nullable(),
});
export type PreferenceScore = z.infer<typeof PreferenceScore>;

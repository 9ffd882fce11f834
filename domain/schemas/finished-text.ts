import { z } from 'zod';
import { wellFormed } from '../well-formed.ts';
import { readMessages } from './dataset.ts';

/** What the released scripts leave behind: a row of write.jsonl of agentwrite/write.py. */
const WrittenRow = z.object({ prompt: z.string().trim().min(1), write: z.array(z.string()).min(1) });

/** An instruction with its finished text, whole or in sections that are still to be joined; or why a row is none. */
export type FinishedText =
  | { readonly ok: true; readonly prompt: string; readonly text: string; readonly sections?: undefined }
  | { readonly ok: true; readonly prompt: string; readonly sections: readonly string[] }
  | { readonly ok: false; readonly problem: string };

/** Reads a row with `prompt` and `write`, or with `messages` of one user and one assistant, as LongWriter-6k has them. */
export function readFinishedText(row: Readonly<Record<string, unknown>>): FinishedText {
  const written = WrittenRow.safeParse(row);
  if (written.success)
    return { ok: true, prompt: wellFormed(written.data.prompt), sections: written.data.write.map(wellFormed) };
  const read = readMessages(row);
  if ('problem' in read) return { ok: false, problem: 'write' in row ? 'prompt or write is empty' : read.problem };
  const [user, assistant, more] = read.messages;
  const prompt = user?.role === 'user' ? user.content.trim() : '';
  if (prompt !== '' && assistant?.role === 'assistant' && more === undefined)
    return { ok: true, prompt, text: assistant.content.trim() };
  return { ok: false, problem: 'messages: expected one user and one assistant, neither of them empty' };
}

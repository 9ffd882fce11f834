import { z } from 'zod';
import { SftRow } from './dataset.ts';

/** What the released scripts leave behind: a row of write.jsonl of agentwrite/write.py. */
const WrittenRow = z.object({ prompt: z.string().trim().min(1), write: z.array(z.string()).min(1) });

/** An instruction with the sections of its finished text, or why a row is none. */
export type FinishedText =
  | { readonly ok: true; readonly prompt: string; readonly sections: readonly string[] }
  | { readonly ok: false; readonly problem: string };

/** Reads a row with `prompt` and `write`, or with `messages` of one user and one assistant, as LongWriter-6k has them. */
export function readFinishedText(row: Readonly<Record<string, unknown>>): FinishedText {
  const written = WrittenRow.safeParse(row);
  if (written.success) return { ok: true, prompt: written.data.prompt, sections: written.data.write };
  const rows = SftRow.safeParse({ messages: row['messages'] });
  const [user, assistant, more] = rows.success ? rows.data.messages.filter(({ role }) => role !== 'system') : [];
  const prompt = user?.role === 'user' ? user.content.trim() : '';
  if (prompt !== '' && assistant?.role === 'assistant' && more === undefined)
    return { ok: true, prompt, sections: [assistant.content] };
  return { ok: false, problem: 'has neither prompt and write, nor messages of one user and one assistant' };
}

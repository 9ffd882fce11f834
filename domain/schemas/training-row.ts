import { z } from 'zod';
import { wellFormed } from '../well-formed.ts';
import { ChatMessage } from './call.ts';
import type { PreferenceRow, SftRow } from './dataset.ts';

const COLUMNS = { sft: ['messages'], dpo: ['prompt', 'chosen', 'rejected'] } as const;
type Column = (typeof COLUMNS)['sft' | 'dpo'][number];

const Messages = z.array(ChatMessage.strip()).min(1);

/**
 * The row to train on in a row of somebody else's, or what is wrong with it; what else stands in it is passed over. Texts
 * in the place of messages, as many preference datasets have them, are a turn of the user or of the assistant.
 */
export function readTrainingRow(
  method: 'sft' | 'dpo',
  row: Readonly<Record<string, unknown>>,
): { readonly row: SftRow | PreferenceRow } | { readonly problem: string } {
  const read: Partial<Record<Column, ChatMessage[]>> = {};
  for (const column of COLUMNS[method]) {
    const value = row[column];
    if (value === undefined || value === null) return { problem: missingColumn(method, column, row) };
    const role = column === 'prompt' ? 'user' : 'assistant';
    const asTurn = method === 'dpo' && typeof value === 'string';
    const parsed = Messages.safeParse(asTurn ? [{ role, content: value }] : value);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return { problem: `${[column, ...(issue?.path ?? [])].join('.')}: ${issue?.message}` };
    }
    const last = parsed.data.at(-1)!;
    if (column !== 'prompt' && (last.role !== 'assistant' || last.content.trim() === ''))
      return { problem: `"${column}" does not end in an assistant message with text` };
    read[column] = parsed.data.map((message) => ({ role: message.role, content: wellFormed(message.content) }));
  }
  return { row: read as unknown as SftRow | PreferenceRow };
}

function missingColumn(method: 'sft' | 'dpo', column: Column, row: object): string {
  const there = Object.keys(row).slice(0, 10).join(', ') || 'none';
  return `has no column "${column}", which ${method} needs (${COLUMNS[method].join(', ')}); it has ${there}`;
}

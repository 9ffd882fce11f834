import { CommandError, EXIT } from './exit.ts';

/** How urgent a run is, 1 the most and 5 the least, where it was typed. Fails with exit code 2. */
export function readPriority(text: string | undefined): { readonly priority?: number } {
  if (text === undefined) return {};
  if (/^[1-5]$/.test(text)) return { priority: Number(text) };
  throw new CommandError(EXIT.usage, `--priority ${text}: expected 1 (most urgent) to 5 (least)`);
}

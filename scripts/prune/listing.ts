import { columns, printableLine } from '../terminal.ts';
import type { Prunable } from './prunable.ts';

/** Whether it is a model call. */
export const isCall = ({ where, path }: Prunable): boolean => where === 'store' && path.startsWith('calls/');

/** What may go, or went, with its size in columns; calls as one line. */
export function pruneLines(prunable: readonly Prunable[], removed: boolean): string[] {
  if (prunable.length === 0) return ['there is nothing to prune'];
  const calls = prunable.filter(isCall);
  const others = prunable.filter((one) => !isCall(one));
  const size = (some: readonly Prunable[]) => megabytes(some.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  return [
    ...columns([
      ...others.map((one) => [size([one]), printableLine(one.path, 200), one.why]),
      ...(calls.length === 0 ? [] : [[size(calls), `${calls.length} calls`, calls[0]!.why]]),
    ]),
    `${size(prunable)} ${removed ? 'are freed' : 'would be freed; --yes removes this'}`,
  ];
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

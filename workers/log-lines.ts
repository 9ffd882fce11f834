import type { LogEntry } from '@temporalio/worker';

/** A log entry as one JSON object, for programs. */
export function jsonLine(entry: LogEntry): string {
  const { error, ...fields } = entry.meta ?? {};
  const own = { time: timeOf(entry), level: entry.level, message: entry.message };
  // First, and last as well: a field of the same name does not take the place of the entry's own.
  const line = { ...own, ...fields, ...own, ...(error ? { error: String(error) } : {}) };
  return JSON.stringify(line, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

/** Fields that every entry has, and that say nothing to who reads along. */
const UNTOLD: readonly string[] = [
  'sdkComponent',
  'namespace',
  'taskToken',
  'isLocal',
  'runId',
  'span_id',
  'trace_flags',
];

/** A log entry as people read it: time of day, level unless it is information, message, and what it is about. */
export function readableLine(entry: LogEntry): string {
  const { error, ...fields } = entry.meta ?? {};
  const level = entry.level === 'INFO' ? '' : `${entry.level} `;
  const told = Object.entries(fields).filter(([name, value]) => !UNTOLD.includes(name) && isPlain(value));
  const facts = told.map(([name, value]) => ` ${name}=${String(value)}`).join('');
  return `${timeOf(entry).slice(11, 19)} ${level}${entry.message}${facts}${error ? `: ${String(error)}` : ''}`;
}

const isPlain = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);

function timeOf({ timestampNanos }: LogEntry): string {
  return new Date(Number(timestampNanos / 1_000_000n)).toISOString();
}

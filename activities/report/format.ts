/** A number with separators and no decimals: 12,345. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** A number with one decimal, or a dash where there is none. */
export function decimal(value: number | null): string {
  return value === null ? '–' : value.toLocaleString('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

/** A number with its sign and one decimal: +12.3, −0.4. */
export function signed(value: number): string {
  const text = decimal(Math.abs(value));
  return text === '0.0' ? text : `${value < 0 ? '−' : '+'}${text}`;
}

/** A time in seconds as people say it: 48 s, 4 min 05 s, 2 h 10 min. */
export function duration(seconds: number): string {
  const total = Math.round(seconds);
  if (seconds < 10) return `${decimal(seconds)} s`;
  if (total < 60) return `${total} s`;
  if (total < 3600) return `${Math.floor(total / 60)} min ${twoDigits(total % 60)} s`;
  const minutes = Math.round(total / 60);
  return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`;
}

/** A count with its noun: 1 row, 2 rows. */
export function counted(count: number, noun: string): string {
  return `${whole(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A list as people write it: a, b and c. */
export function listed(items: readonly string[]): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

/** The mean of some numbers, or null of none. */
export function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The smallest and the largest of some numbers; not spread into arguments, of which there may be too many. */
export function extent(values: readonly number[]): readonly [number, number] {
  return values.reduce<[number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

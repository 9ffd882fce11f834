import { msToNumber, type StringValue } from '@temporalio/common/lib/time.js';
import { CommandError, EXIT } from './exit.ts';

/** Milliseconds of a duration such as 24h, 90m or 2s. Fails with exit code 2, naming the option. */
export function readDuration(option: string, text: string): number {
  let ms: number | undefined;
  try {
    ms = msToNumber(text as StringValue);
  } catch {
    // Told below, as a number below 1 is.
  }
  // A number alone would be milliseconds, which nobody means.
  if (ms !== undefined && ms >= 1000 && !/^[\d.]+$/.test(text)) return ms;
  throw new CommandError(
    EXIT.usage,
    `${option} ${text}: expected a duration of a second or more, such as 24h, 90m or 10s`,
  );
}

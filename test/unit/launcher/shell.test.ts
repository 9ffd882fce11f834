import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { quoteShell } from '../../../activities/io/launcher/shell.ts';

describe('quoteShell', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'longwriter-shell-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** The arguments as a program sees them that a script of bash starts. */
  function seenBy(args: readonly string[]): string[] {
    const script = join(folder, 'script.sh');
    writeFileSync(script, `printf '%s\\0' ${args.map(quoteShell).join(' ')}\n`);
    return execFileSync('bash', [script], { encoding: 'utf8' }).split('\0').slice(0, -1);
  }

  test('every argument reaches the program as it was, quotes, spaces, line ends and all', () => {
    const piece = fc.constantFrom(
      "'",
      '"',
      '\\',
      '$HOME',
      '`id`',
      '$(id)',
      ' ',
      '\n',
      '\r',
      '\r\n',
      '*',
      '!',
      '#',
      '&',
      '~',
    );
    const argument = fc
      .array(fc.oneof(piece, fc.string({ unit: 'grapheme' })))
      .map((pieces) => pieces.join('').replaceAll('\0', ''));
    fc.assert(
      fc.property(fc.array(argument, { minLength: 1 }), (args) => {
        expect(seenBy(args)).toEqual(args);
        // sbatch refuses a script that holds one.
        expect(args.map(quoteShell).join('')).not.toContain('\r');
      }),
      { numRuns: 60 },
    );
  });
});

import type { Command, Option } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildProgram } from '../../scripts/cli/program.ts';
import { ENTRIES, REPLACED } from '../documented/entries.ts';
import { readDocumented } from '../documented/extract.ts';
import { openWorld, type World } from '../documented/world.ts';
import { missing } from '../parts.ts';

const program = buildProgram();

/** What of a piece of a command does not exist; undefined where it is none of ours, such as a word in code. */
function unknownIn(mention: string): string[] | undefined {
  const [first = '', ...words] = mention.replace(/^(?:npm run longwriter --|longwriter) /, '').split(' ');
  let command = program.commands.find((one) => one.name() === first);
  if (!command) return /^(?:npm run longwriter --|longwriter) [a-z]/.test(mention) ? [first] : undefined;
  const unknown: string[] = [];
  for (const word of words) {
    const sub: Command | undefined = command.commands.find((one) => one.name() === word);
    if (sub) command = sub;
    else if (word.startsWith('--') && word !== '--help' && !hasOption(command, word)) unknown.push(word);
  }
  return unknown;
}

const hasOption = (command: Command, word: string): boolean =>
  command.options.some(({ long }: Option) => long === word.split('=')[0]);

describe('the commands that README and docs show', async () => {
  const { commands, mentions } = await readDocumented();

  test('all have an entry, and no entry is documented no more', () => {
    const known = new Set(ENTRIES.map(({ command }) => command));
    const shown = new Set(commands.map(({ command }) => command));
    expect(
      commands.filter(({ command }) => !known.has(command)),
      'without an entry in test/documented',
    ).toEqual([]);
    expect(
      ENTRIES.filter(({ command }) => !shown.has(command)),
      'documented no more',
    ).toEqual([]);
    const text = commands.map(({ command }) => command).join('\n');
    expect(
      REPLACED.map(([from]) => from).filter((from) => !text.includes(from)),
      'replaced no more',
    ).toEqual([]);
  });

  test('name only commands and options that exist, also those in running text and those that are not run', () => {
    const wrong = [...mentions, ...commands].filter(({ command }) => (unknownIn(command) ?? []).length > 0);
    expect(wrong).toEqual([]);
    expect(mentions.filter(({ command }) => unknownIn(command) !== undefined).length).toBeGreaterThan(5);
  });

  describe.skipIf(missing('services') || missing('trainer') || missing('base-model'))('are run in their order', () => {
    let world: World;
    beforeAll(async () => {
      world = await openWorld();
    });
    afterAll(() => world?.close());

    test.each(ENTRIES.filter(({ notHere }) => notHere === undefined))('$command', async (entry) => {
      await entry.before?.(world);
      const replaced = REPLACED.reduce(
        (line, [from, to]) => (line.includes(from) ? line.replaceAll(from, () => to(world)) : line),
        entry.command,
      );
      const { code, output } = await world.shell(
        [replaced, entry.more?.(world)].filter(Boolean).join(' '),
        entry.until,
      );
      expect(code, output).toBe(0);
      expect(output).toContain(entry.says ?? entry.until ?? '');
      await entry.after?.(world);
    });

    test('and Ctrl-C ends dev', async () => {
      expect(await world.stop()).toBe(130);
    });
  });
});

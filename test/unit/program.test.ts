import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { buildProgram } from '../../scripts/cli/program.ts';

/** All commands that do something, with what is typed to reach them. */
function leaves(command: Command, path: readonly string[] = []): { path: string; command: Command }[] {
  if (command.commands.length === 0) return [{ path: path.join(' '), command }];
  return command.commands.flatMap((one) => leaves(one, [...path, one.name()]));
}

/** The whole help, with what stands behind it. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

describe('the longwriter command', () => {
  const all = leaves(buildProgram());

  it('ends the help of every command in an example of it', () => {
    expect(all.length).toBeGreaterThan(15);
    for (const { path, command } of all) expect(helpOf(command), path).toContain(`npm run longwriter -- ${path}`);
    expect(helpOf(buildProgram())).toContain('npm run longwriter -- start');
  });

  it('prints JSON for every command but the one that prints a script', () => {
    const without = all.filter(({ command }) => command.options.every(({ long }) => long !== '--json'));
    expect(without.map(({ path }) => path)).toEqual(['completion']);
  });
});

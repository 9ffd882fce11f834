import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT } from '../../configs/env.ts';

/** A command as README.md or a file of docs/ shows it. */
export interface Documented {
  /** Without its comment, in one line. */
  readonly command: string;
  /** File and line, for messages. */
  readonly where: string;
}

/** A piece of a command in running text, such as `resume --config`: what it names must exist. */
export type Mention = Documented;

/** What starts a whole command in running text. */
const WHOLE = /^npm (?:run|start|test)\b/;

/** Every command of the fenced `sh` blocks and of inline code, once each, and the pieces of commands in running text. */
export async function readDocumented(): Promise<{ commands: Documented[]; mentions: Mention[] }> {
  const commands = new Map<string, Documented>();
  const mentions = new Map<string, Mention>();
  const folders = await readdir(join(PROJECT, 'docs'), { recursive: true });
  for (const file of ['README.md', ...folders.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)]) {
    for (const one of commandsOf(await readFile(join(PROJECT, file), 'utf8'), file)) {
      const into = one.isWhole ? commands : mentions;
      if (!into.has(one.command)) into.set(one.command, { command: one.command, where: one.where });
    }
  }
  return { commands: [...commands.values()], mentions: [...mentions.values()] };
}

function* commandsOf(text: string, file: string): Iterable<Documented & { readonly isWhole: boolean }> {
  let fence: string | undefined;
  let begun = '';
  for (const [index, line] of text.split('\n').entries()) {
    const where = `${file}:${index + 1}`;
    const mark = /^```(\w*)/.exec(line);
    if (mark) {
      fence = fence === undefined ? mark[1] : undefined;
      continue;
    }
    if (fence === undefined) {
      for (const [, code = ''] of line.matchAll(/`([^`]+)`/g))
        yield { command: code, where, isWhole: WHOLE.test(code) };
    } else if (fence === 'sh') {
      // A comment begins with its own space; what is quoted has none such here.
      const told = line.replace(/(?:^|\s+)# .*$/, '').trim();
      begun += told.replace(/\\$/, '');
      if (told.endsWith('\\')) continue;
      if (begun !== '') yield { command: begun.replaceAll(/\s+/g, ' '), where, isWhole: true };
      begun = '';
    }
  }
}

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import shells from '@bomb.sh/tab';
import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import { readEnvironment } from '../../configs/env.ts';
import { STAGES } from '../../domain/names.ts';
import { oneOf } from '../one-of.ts';

/** A name that nobody types: the command that prints a script is our own, with help of its own. */
const UNUSED = 'completion-script';

/** Prints the script by which a shell asks `longwriter complete` for what may come next. Fails with exit code 2. */
export function printCompletion(shell: string): void {
  shells.setup('longwriter', 'longwriter', oneOf('shell', shell, ['bash', 'zsh', 'fish', 'powershell']));
}

/** Declares the hidden command that the script calls: words of the command line in, what may come next out. */
export function declareComplete(program: Command): void {
  const completed = tab(program, { completionCommandName: UNUSED });
  completed.commands.delete(UNUSED);
  for (const command of completed.commands.values()) {
    for (const argument of command.arguments.values())
      if (argument.name === 'run' || argument.name === 'other') argument.handler = offer(runs);
    for (const option of command.options.values()) {
      if (option.value === 'from' || option.value === 'until') option.handler = offer(() => STAGES);
      if (option.value === 'run') option.handler = offer(runs);
    }
  }
  completed.commands.get('completion')?.argument(
    'shell',
    offer(() => ['bash', 'zsh', 'fish', 'powershell']),
  );
}

function offer(words: () => readonly string[]) {
  return (complete: (value: string, description: string) => void): void => {
    for (const word of words()) complete(word, '');
  };
}

/** The runs of a store in a directory; a bucket would make somebody who types wait. */
function runs(): readonly string[] {
  const { storeUrl } = readEnvironment();
  try {
    return storeUrl.startsWith('gs://') ? [] : readdirSync(join(storeUrl, 'runs'));
  } catch {
    return [];
  }
}

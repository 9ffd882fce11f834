import { buildProgram } from './cli/program.ts';
import { outliveReader } from './closed-pipe.ts';
import { EXIT } from './exit.ts';
import { tellError, tellUncaught } from './tell-error.ts';

// Whoever reads the output may have read enough, as `head` does.
outliveReader(process.stdout, () => process.exit(EXIT.done));
// A reader that is gone changes nothing about what the command came to.
outliveReader(process.stderr);

const args = process.argv.slice(2);
const json = args.includes('--json');
tellUncaught(json);
const program = buildProgram();
try {
  // Asked for by a shell; nobody else pays for it.
  if (args[0] === 'complete') (await import('./commands/completion.ts')).declareComplete(program);
  await program.parseAsync(args, { from: 'user' });
} catch (error) {
  tellError(error, json);
}

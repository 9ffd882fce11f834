import { join } from 'node:path';
import { Command } from 'commander';
import { PROJECT, readEnvironment } from '../../configs/env.ts';
import { outliveReader } from '../closed-pipe.ts';
import { CommandError, EXIT } from '../exit.ts';
import { tellError, tellUncaught } from '../tell-error.ts';
import { runClaim, type ClaimOptions } from './claim.ts';

type Kind = Pick<ClaimOptions, 'name' | 'maxWords' | 'set' | 'note'>;

const FULL: Kind = { name: 'claim', maxWords: [150, 300, 600, 1200], set: [] };

/** A third of the samples, two lengths, one completion. */
const QUICK: Kind = {
  name: 'claim-quick',
  note: 'This was a quick experiment, to see that all of it works: its samples are too few for its verdicts to be held up to anybody.',
  maxWords: [150, 600],
  set: ['instructions.limit=24', 'preferences.prompts=8', 'evaluation.completions=1'],
};

const program = new Command('experiment')
  .description('Experiments of the paper, in the small: ordinary runs of one configuration, compared in one report.')
  .showSuggestionAfterError()
  .configureOutput({ outputError: () => undefined })
  .exitOverride();

program
  .command('claim')
  .description(
    'output length follows the training data: SFT on outputs cut to several lengths, then DPO, on the same prompts',
  )
  .option('--config <file>', 'configuration of the runs; configs/claim.yaml where unset')
  .option('--quick', 'a smaller one, of a third of the samples and two lengths, to see that all of it works', false)
  .option('--set <key=value>', 'set one key of the configuration; may be repeated', collect, [])
  .option(
    '--max-words <counts>',
    'words that outputs are cut to, about, from the fewest; 150,300,600,1200, or with --quick 150,600',
    readCounts,
  )
  .option('--name <name>', 'what the runs are called by; claim, or claim-quick')
  .option('--out <folder>', 'where the report is written; .longwriter/experiments/NAME where unset')
  .addHelpText(
    'after',
    '\nThe same command goes on where it was stopped, or where a run paused or failed once its cause is mended.\n' +
      'longwriter status and report take its runs by their names: claim-150, …, claim-scores.',
  )
  .action(async ({ quick, config, name, maxWords, set, out }: TypedClaim) => {
    const kind = quick ? QUICK : FULL;
    const named = name ?? kind.name;
    const own = set.find((one) => one.startsWith('dataset.maxWords='));
    if (own !== undefined)
      throw new CommandError(EXIT.usage, `--set ${own}: the experiment sets it for each of its runs, by --max-words`);
    process.exitCode = await runClaim({
      command: ['npm run experiment --', ...process.argv.slice(2).map(quoted)].join(' '),
      note: kind.note,
      config: config ?? join(PROJECT, 'configs', 'claim.yaml'),
      set: [...kind.set, ...set],
      maxWords: maxWords ?? kind.maxWords,
      name: named,
      out: out ?? join(readEnvironment().home, 'experiments', named),
    });
  });

interface TypedClaim {
  readonly quick: boolean;
  readonly config?: string;
  readonly set: readonly string[];
  readonly maxWords?: readonly number[];
  readonly name?: string;
  readonly out?: string;
}

function collect(value: string, earlier: readonly string[]): string[] {
  return [...earlier, value];
}

/** An argument as a shell takes it for one. */
const quoted = (arg: string): string => (/^[\w./:=,@+-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`);

/** Whole numbers above 0 that grow, two at least. */
function readCounts(text: string): number[] {
  const counts = text.split(',').map(Number);
  const grow = counts.every((count, index) => Number.isInteger(count) && count > (counts[index - 1] ?? 0));
  if (!grow || counts.length < 2)
    throw new CommandError(
      EXIT.usage,
      `--max-words ${text}: expected two or more whole numbers that grow, such as 150,300,600,1200`,
    );
  return counts;
}

// The runs go on where nobody reads any more what is said of them.
outliveReader(process.stdout);

tellUncaught(false);
try {
  await program.parseAsync();
} catch (error) {
  tellError(error, false);
}

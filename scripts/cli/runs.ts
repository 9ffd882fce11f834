import type { Command } from 'commander';
import { collect, finish, help } from './declare.ts';

/** Declares the commands that start, watch and steer a run. Each loads its code when it runs, so that --help is instant. */
export function declareRuns(program: Command): void {
  program
    .command('start')
    .description('start a run')
    .requiredOption('--config <file>', 'configuration, YAML')
    .requiredOption('--run <id>', 'run id, of a-z, 0-9 and "-"')
    .option('--set <key=value>', 'override a value of the configuration; may be repeated', collect, [])
    .option('--from <stage>', 'first stage to walk')
    .option('--until <stage>', 'last stage to walk')
    .option('--dry-run', 'print what it would take, about: calls, tokens, cost, time, GPU hours; starts nothing')
    .option('--assume <name=value>', 'change what --dry-run assumes; may be repeated', collect, [])
    .option('--priority <1-5>', 'how urgent it is beside other runs: 1 the most, 5 the least (default: 3)')
    .option('--json', 'print JSON')
    .addHelpText('after', help('start --config configs/quickstart.yaml --run demo --until dataset'))
    .action(async (options) => finish((await import('../commands/start.ts')).start(options)));

  program
    .command('status')
    .description('show how far a run is, or list all runs')
    .argument('[run]', 'a run; all of the store where unset')
    .option('--watch', 'follow it until it ends')
    .option('--json', 'print JSON; with --watch one object a line')
    .addHelpText('after', help('status demo --watch'))
    .action(async (run, options) => finish((await import('../commands/status.ts')).status(run, options)));

  program
    .command('resume')
    .description('go on with a run that is paused, failed, cancelled or was cut off')
    .argument('<run>')
    .option('--config <file>', 'go on under another configuration')
    .option('--set <key=value>', 'override a value of that configuration; may be repeated', collect, [])
    .option('--budget <amount>', 'what the run may spend in all: a number in its unit, "$20", or "5000000 tokens"')
    .option('--yes', 'make a finished training again where the configuration makes it stale')
    .option('--accept-failed', 'leave failed samples out; the run then ends with exit code 1')
    .option('--from <stage>', 'first stage to walk')
    .option('--until <stage>', 'last stage to walk')
    .option('--priority <1-5>', 'how urgent it is from now on: 1 the most, 5 the least')
    .option('--json', 'print JSON')
    .addHelpText('after', help('resume demo'))
    .action(async (run, options) => finish((await import('../commands/resume.ts')).resume(run, options)));

  program
    .command('retry')
    .description('open rejected samples again, and go on')
    .argument('<run>')
    .option('--sample <id>', 'a sample by its id; may be repeated', collect, [])
    .option('--reason <reason>', 'all samples rejected for this reason; may be repeated', collect, [])
    .option('--yes', 'make a finished training again, since its dataset changes')
    .option('--until <stage>', 'last stage to walk')
    .option('--json', 'print JSON')
    .addHelpText('after', help('retry demo --reason section-refusal'))
    .action(async (run, options) => finish((await import('../commands/retry.ts')).retry(run, options)));

  program
    .command('pause')
    .description('stop a run’s new model calls')
    .argument('<run>')
    .option('--json', 'print JSON')
    .addHelpText('after', help('pause demo'))
    .action(async (run, options) => finish((await import('../commands/pause.ts')).pause(run, options)));

  program
    .command('cancel')
    .description('end a run; what it made stays')
    .argument('<run>')
    .option('--json', 'print JSON')
    .addHelpText('after', help('cancel demo'))
    .action(async (run, options) => finish((await import('../commands/cancel.ts')).cancel(run, options)));

  program
    .command('report')
    .description(
      'copy a run’s report and scores out of the store, with answers and judgements as the released scripts write',
    )
    .argument('<run>')
    .option('--out <folder>', 'where to (default: RUN-report)')
    .option('--json', 'print JSON')
    .addHelpText('after', help('report demo --out demo'))
    .action(async (run, options) => finish((await import('../commands/report.ts')).report(run, options)));
}

import type { Command } from 'commander';
import { collect, endpointOptions, finish, help, judgingOptions } from './declare.ts';

/** Declares the commands that evaluate again and again. Each loads its code when it runs, so that --help is instant. */
export function declareSchedules(program: Command): void {
  const schedule = program
    .command('schedule')
    .description('evaluate models again and again, and tell when a score falls')
    .addHelpText('after', help('schedule create --every 24h --run demo --model dpo'));

  const create = schedule
    .command('create')
    .description('make a schedule; each firing asks and judges anew, and is held against the one before')
    .option('--id <id>', 'schedule id, of a-z, 0-9 and "-" (default: RUN-MODEL)')
    .option('--every <duration>', 'fire this often, such as 24h')
    .option('--cron <expression>', 'fire at these times, UTC, such as "0 3 * * 1"')
    .option('--run <run>', 'run whose models are evaluated, under its newest configuration')
    .option('--model <[name=]model>', 'base, sft or dpo of --run, or as of evaluate; may be repeated', collect, []);

  endpointOptions(create)
    .option('--benchmark <file>', 'JSON Lines of prompt, type, length (default: that of the run, or our own)')
    .option('--calibration <file>', 'answers with frozen scores (judge.jsonl), to tell whether the judge drifts')
    .option('--config <file>', 'how to ask, serve and judge, without --run (default: configs/evaluate.yaml)');

  judgingOptions(create)
    .option('--judge-only', 'ask the models once, and only the judge at each firing')
    .option('--jitter <duration>', 'spread the firings at random within this')
    .option('--catchup <duration>', 'make up for firings missed while the server was down, within this', '1h')
    .option('--wait-limit <duration>', 'how long a firing waits for a GPU node', '2h')
    .option('--max-failures <count>', 'failed firings in a row after which the schedule pauses itself', '3')
    .option('--priority <1-5>', 'how urgent firings are beside other runs: 1 the most, 5 the least (default: 3)')
    .option('--webhook <url>', 'told of each firing that regressed or failed')
    .option('--webhook-secret-env <variable>', 'environment variable, on the workers, with the key that signs it')
    .option('--set <key=value>', 'override a value of the configuration; may be repeated', collect, [])
    .option('--replace', 'put it in the place of another one of that id; its history goes on')
    .option('--json', 'print JSON')
    .addHelpText('after', help('schedule create --every 24h --run demo --model dpo --webhook https://example.org/hook'))
    .action(async (options) => finish((await import('../commands/schedule-create.ts')).scheduleCreate(options)));

  schedule
    .command('list')
    .description('list the schedules, when they fire next, and what came of the last time')
    .option('--json', 'print JSON')
    .addHelpText('after', help('schedule list'))
    .action(async (options) => finish((await import('../commands/schedule-list.ts')).scheduleList(options)));

  schedule
    .command('show')
    .description('show what came of each firing of a schedule')
    .argument('<schedule>')
    .option('--json', 'print JSON')
    .addHelpText('after', help('schedule show demo-dpo'))
    .action(async (id, options) => finish((await import('../commands/schedule-show.ts')).scheduleShow(id, options)));

  schedule
    .command('trigger')
    .description('fire a schedule now, also one that is paused')
    .argument('<schedule>')
    .option('--watch', 'wait for what comes of it; exit code 1 where it regressed or failed')
    .option('--json', 'print JSON')
    .addHelpText('after', help('schedule trigger demo-dpo --watch'))
    .action(async (id, options) =>
      finish((await import('../commands/schedule-trigger.ts')).scheduleTrigger(id, options)),
    );

  schedule
    .command('pause')
    .description('stop the firings of a schedule')
    .argument('<schedule>')
    .option('--json', 'print JSON')
    .addHelpText('after', help('schedule pause demo-dpo'))
    .action(async (id, options) => finish((await import('../commands/schedule-pause.ts')).schedulePause(id, options)));

  schedule
    .command('resume')
    .description('let a paused schedule fire again')
    .argument('<schedule>')
    .option('--json', 'print JSON')
    .addHelpText('after', help('schedule resume demo-dpo'))
    .action(async (id, options) =>
      finish((await import('../commands/schedule-resume.ts')).scheduleResume(id, options)),
    );

  schedule
    .command('delete')
    .description('end a schedule; what its firings made stays')
    .argument('<schedule>')
    .option('--json', 'print JSON')
    .addHelpText('after', help('schedule delete demo-dpo'))
    .action(async (id, options) =>
      finish((await import('../commands/schedule-delete.ts')).scheduleDelete(id, options)),
    );
}

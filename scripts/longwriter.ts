import { Command } from 'commander';
import { CommandError, EXIT } from './exit.ts';

const program = new Command('longwriter')
  .description('Runs LongWriter on Temporal: AgentWrite, SFT, DPO and LongBench-Write.')
  .version('0.1.0')
  .showSuggestionAfterError()
  .configureHelp({ showGlobalOptions: false })
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? EXIT.done : EXIT.usage);
  });

const collect = (value: string, all: readonly string[]): string[] => [...all, value];
const help = (example: string): string => `\nExample:\n  npm run longwriter -- ${example}`;
const RUN_OR_DATASET = 'a run, for its newest dataset, or RUN/FINGERPRINT for an earlier one';

// Commands are loaded when they run, so that --help is instant.
program
  .command('start')
  .description('start a run')
  .requiredOption('--config <file>', 'configuration, YAML')
  .requiredOption('--run <id>', 'run id, of a-z, 0-9 and "-"')
  .option('--set <key=value>', 'override a value of the configuration; may be repeated', collect, [])
  .option('--from <stage>', 'first stage to walk')
  .option('--until <stage>', 'last stage to walk')
  .option('--json', 'print JSON')
  .addHelpText('after', help('start --config configs/quickstart.yaml --run demo --until dataset'))
  .action(async (options) => finish((await import('./commands/start.ts')).start(options)));

program
  .command('train')
  .description('train a model on rows of your own, without the other stages')
  .requiredOption('--method <method>', 'sft, or dpo')
  .requiredOption(
    '--data <file>',
    'rows of messages (sft), or of prompt, chosen, rejected (dpo): JSON Lines or Parquet',
  )
  .requiredOption('--model <model>', 'folder on the GPU node, hub name, or RUN:sft for what another run trained')
  .option('--run <id>', 'run id; made of method and configuration where unset')
  .option(
    '--config <file>',
    'how to train: seed, training and gates.model of a configuration (default: configs/train.yaml)',
  )
  .option('--set <key=value>', 'override a value of it, such as training.sft.epochs=2; may be repeated', collect, [])
  .option('--watch', 'follow it until it ends')
  .option('--json', 'print JSON; with --watch one object a line')
  .addHelpText('after', help('train --method sft --data rows.jsonl --model THUDM/glm-4-9b-hf --run mine --watch'))
  .action(async (options) => finish((await import('./commands/train.ts')).train(options)));

program
  .command('evaluate')
  .description('measure models on a benchmark, without the other stages')
  .option('--benchmark <file>', 'JSON Lines of prompt, type, length: a path, gs://, or https:// (default: our own)')
  .option('--sha256 <hash>', 'what the benchmark must hash to')
  .option(
    '--model <[name=]model>',
    'folder on the GPU node, hub name, or RUN:base, RUN:sft, RUN:dpo; may be repeated',
    collect,
    [],
  )
  .option('--endpoint <[name=]model@url>', 'a model behind an OpenAI-compatible base URL; may be repeated', collect, [])
  .option(
    '--endpoint-key-env <[name=]variable>',
    'environment variable, on the workers, with the key of that endpoint, or of all; may be repeated',
    collect,
    [],
  )
  .option(
    '--predictions <[name=]file>',
    'answers that are there already, pred.jsonl or judge.jsonl; may be repeated',
    collect,
    [],
  )
  .option('--calibration <file>', 'answers with frozen scores (judge.jsonl), to tell whether the judge drifts')
  .option('--judge-url <url>', 'another judge, with --judge-model; "embedded" is that of npm start')
  .option('--judge-model <id>', 'its name there')
  .option('--judge-key-env <variable>', 'environment variable, on the workers, with its key')
  .option('--completions <count>', 'completions of each prompt')
  .option('--judgements <count>', 'judgements of each completion')
  .option('--limit <count>', 'prompts taken, from the start of the benchmark')
  .option('--run <id>', 'run id; made of the configuration where unset')
  .option('--config <file>', 'how to ask, serve and judge (default: configs/evaluate.yaml)')
  .option(
    '--set <key=value>',
    'override a value of it, such as judge.sampling.temperature=0; may be repeated',
    collect,
    [],
  )
  .option('--watch', 'follow it until it ends, and print the scores')
  .option('--json', 'print JSON; with --watch one object a line')
  .addHelpText(
    'after',
    help('evaluate --benchmark longbench_write.jsonl --endpoint mine=my-model@http://gpu1:8000/v1 --watch'),
  )
  .action(async (options) => finish((await import('./commands/evaluate.ts')).evaluate(options)));

program
  .command('status')
  .description('show how far a run is')
  .argument('<run>')
  .option('--watch', 'follow it until it ends')
  .option('--json', 'print JSON; with --watch one object a line')
  .addHelpText('after', help('status demo --watch'))
  .action(async (run, options) => finish((await import('./commands/status.ts')).status(run, options)));

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
  .option('--json', 'print JSON')
  .addHelpText('after', help('resume demo'))
  .action(async (run, options) => finish((await import('./commands/resume.ts')).resume(run, options)));

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
  .action(async (run, options) => finish((await import('./commands/retry.ts')).retry(run, options)));

program
  .command('pause')
  .description('stop a run’s new model calls')
  .argument('<run>')
  .addHelpText('after', help('pause demo'))
  .action(async (run) => finish((await import('./commands/pause.ts')).pause(run)));

program
  .command('cancel')
  .description('end a run; what it made stays')
  .argument('<run>')
  .addHelpText('after', help('cancel demo'))
  .action(async (run) => finish((await import('./commands/cancel.ts')).cancel(run)));

const dataset = program
  .command('dataset')
  .description('look at a dataset: numbers, samples, differences, a page to browse')
  .addHelpText('after', help('dataset stats demo'));

dataset
  .command('stats')
  .description('count kept and rejected samples, words and length scores')
  .argument('<run>', RUN_OR_DATASET)
  .option('--json', 'print JSON')
  .addHelpText('after', help('dataset stats demo'))
  .action(async (run, options) => finish((await import('./commands/dataset-stats.ts')).datasetStats(run, options)));

dataset
  .command('show')
  .description('list samples, or show one with its plan, sections and reasons')
  .argument('<run>', RUN_OR_DATASET)
  .argument('[sample]', 'id of a sample, or the beginning of one')
  .option('--reason <reason>', 'only those rejected for this; may be repeated', collect, [])
  .option('--kept', 'only those that were kept')
  .option('--min-words <words>', 'only those that are not shorter')
  .option('--max-words <words>', 'only those that are not longer')
  .option('--limit <count>', 'samples listed at most (default: 50; all with --json)')
  .option('--text', 'print all of the text of a sample, not its beginning')
  .option('--json', 'print JSON, the whole text of a sample with it')
  .addHelpText('after', help('dataset show demo --reason too-short --max-words 1000'))
  .action(async (run, sample, options) =>
    finish((await import('./commands/dataset-show.ts')).datasetShow(run, sample, options)),
  );

dataset
  .command('diff')
  .description('tell which samples, texts and settings differ between two datasets')
  .argument('<run>', RUN_OR_DATASET)
  .argument('<other>', 'the other one')
  .option('--json', 'print JSON, with every sample')
  .addHelpText('after', help('dataset diff demo other'))
  .action(async (run, other, options) =>
    finish((await import('./commands/dataset-diff.ts')).datasetDiff(run, other, options)),
  );

dataset
  .command('page')
  .description('write one HTML file to browse a dataset with')
  .argument('<run>', RUN_OR_DATASET)
  .option('--out <file>', 'where to (default: RUN-dataset.html)')
  .option('--json', 'print JSON')
  .addHelpText('after', help('dataset page demo --out demo.html'))
  .action(async (run, options) => finish((await import('./commands/dataset-page.ts')).writeDatasetPage(run, options)));

const schedule = program
  .command('schedule')
  .description('evaluate models again and again, and tell when a score falls')
  .addHelpText('after', help('schedule create --every 24h --run demo --model dpo'));

schedule
  .command('create')
  .description('make a schedule; each firing asks and judges anew, and is held against the one before')
  .option('--id <id>', 'schedule id, of a-z, 0-9 and "-" (default: RUN-MODEL)')
  .option('--every <duration>', 'fire this often, such as 24h')
  .option('--cron <expression>', 'fire at these times, UTC, such as "0 3 * * 1"')
  .option('--run <run>', 'run whose models are evaluated, under its newest configuration')
  .option('--model <[name=]model>', 'base, sft or dpo of --run, or as of evaluate; may be repeated', collect, [])
  .option('--endpoint <[name=]model@url>', 'a model behind an OpenAI-compatible base URL; may be repeated', collect, [])
  .option(
    '--endpoint-key-env <[name=]variable>',
    'environment variable, on the workers, with the key of that endpoint, or of all; may be repeated',
    collect,
    [],
  )
  .option('--benchmark <file>', 'JSON Lines of prompt, type, length (default: that of the run, or our own)')
  .option('--calibration <file>', 'answers with frozen scores (judge.jsonl), to tell whether the judge drifts')
  .option('--config <file>', 'how to ask, serve and judge, without --run (default: configs/evaluate.yaml)')
  .option('--judge-only', 'ask the models once, and only the judge at each firing')
  .option('--jitter <duration>', 'spread the firings at random within this')
  .option('--catchup <duration>', 'make up for firings missed while the server was down, within this', '1h')
  .option('--wait-limit <duration>', 'how long a firing waits for a GPU node', '2h')
  .option('--max-failures <count>', 'failed firings in a row after which the schedule pauses itself', '3')
  .option('--webhook <url>', 'told of each firing that regressed or failed')
  .option('--webhook-secret-env <variable>', 'environment variable, on the workers, with the key that signs it')
  .option('--set <key=value>', 'override a value of the configuration; may be repeated', collect, [])
  .option('--replace', 'put it in the place of another one of that id; its history goes on')
  .option('--json', 'print JSON')
  .addHelpText('after', help('schedule create --every 24h --run demo --model dpo --webhook https://example.org/hook'))
  .action(async (options) => finish((await import('./commands/schedule-create.ts')).scheduleCreate(options)));

schedule
  .command('list')
  .description('list the schedules, when they fire next, and what came of the last time')
  .option('--json', 'print JSON')
  .addHelpText('after', help('schedule list'))
  .action(async (options) => finish((await import('./commands/schedule-list.ts')).scheduleList(options)));

schedule
  .command('show')
  .description('show what came of each firing of a schedule')
  .argument('<schedule>')
  .option('--json', 'print JSON')
  .addHelpText('after', help('schedule show demo-dpo'))
  .action(async (id, options) => finish((await import('./commands/schedule-show.ts')).scheduleShow(id, options)));

schedule
  .command('trigger')
  .description('fire a schedule now, also one that is paused')
  .argument('<schedule>')
  .option('--watch', 'wait for what comes of it; exit code 1 where it regressed or failed')
  .option('--json', 'print JSON')
  .addHelpText('after', help('schedule trigger demo-dpo --watch'))
  .action(async (id, options) => finish((await import('./commands/schedule-trigger.ts')).scheduleTrigger(id, options)));

schedule
  .command('pause')
  .description('stop the firings of a schedule')
  .argument('<schedule>')
  .option('--json', 'print JSON')
  .addHelpText('after', help('schedule pause demo-dpo'))
  .action(async (id, options) => finish((await import('./commands/schedule-pause.ts')).schedulePause(id, options)));

schedule
  .command('resume')
  .description('let a paused schedule fire again')
  .argument('<schedule>')
  .option('--json', 'print JSON')
  .addHelpText('after', help('schedule resume demo-dpo'))
  .action(async (id, options) => finish((await import('./commands/schedule-resume.ts')).scheduleResume(id, options)));

schedule
  .command('delete')
  .description('end a schedule; what its firings made stays')
  .argument('<schedule>')
  .option('--json', 'print JSON')
  .addHelpText('after', help('schedule delete demo-dpo'))
  .action(async (id, options) => finish((await import('./commands/schedule-delete.ts')).scheduleDelete(id, options)));

program
  .command('report')
  .description(
    'copy a run’s report and scores out of the store, with answers and judgements as the released scripts write',
  )
  .argument('<run>')
  .option('--out <folder>', 'where to (default: RUN-report)')
  .option('--json', 'print JSON')
  .addHelpText('after', help('report demo --out demo'))
  .action(async (run, options) => finish((await import('./commands/report.ts')).report(run, options)));

program
  .command('dev')
  .description('keep the embedded services and workers up')
  .addHelpText('after', help('dev'))
  .action(async () => finish((await import('./commands/dev.ts')).dev()));

// Whoever reads the output may have read enough, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.done);
});

try {
  await program.parseAsync();
} catch (error) {
  report(error);
}

async function finish(command: Promise<number>): Promise<void> {
  process.exitCode = await command;
}

/** One line for what a person can act on; a stack only for a defect of ours. */
function report(error: unknown): void {
  const known =
    error instanceof CommandError ||
    ['ConfigError', 'StoreError', 'CorruptObjectError', 'RowsError'].includes((error as Error).name);
  console.error(known ? `longwriter: ${(error as Error).message}` : error);
  process.exitCode = error instanceof CommandError ? error.exitCode : known ? EXIT.usage : EXIT.failed;
}

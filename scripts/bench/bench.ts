import { Command } from 'commander';
import { measureEvaluation, type EvaluationResult } from './evaluate.ts';
import { measureStart, measureStatus, type CommandResult } from './command-line.ts';
import { measureDataset, type SearchResult } from './dataset.ts';
import { measureScores, type ScoresResult } from './scores.ts';
import { measureScale, SCENARIOS, type Result } from './generate.ts';
import { measureTelemetry, type TelemetryResult } from './telemetry.ts';
import { measureOverhead, measurePacking, type OverheadResult, type PackingResult } from './training.ts';

const program = new Command('bench').description(
  'Measures this machine; prints a table and a JSON line for each scenario.',
);

program
  .command('generate')
  .description('AgentWrite against an endpoint with a fixed latency, with and without faults')
  .option('--scenario <name>', `one of ${Object.keys(SCENARIOS).join(', ')}; may be repeated`, collect, [])
  .option('--samples <count>', 'instead: so many samples of 13 calls without latency, such as 6000')
  .option('--json', 'print the JSON lines alone')
  .action(async (options: { scenario: string[]; samples?: string; json?: boolean }) => {
    const unknown = options.scenario.find((name) => SCENARIOS[name] === undefined);
    if (unknown !== undefined)
      program.error(`no scenario "${unknown}"; there are ${Object.keys(SCENARIOS).join(', ')}`, { exitCode: 2 });
    const names = options.scenario.length > 0 ? options.scenario : Object.keys(SCENARIOS);
    const measures =
      options.samples === undefined
        ? names.map((name) => SCENARIOS[name]!)
        : [() => measureScale(Number(options.samples))];
    if (!options.json) console.log(HEAD);
    for (const measure of measures) {
      for (const result of await measure()) {
        if (!options.json) console.log(row(result));
        console.log(JSON.stringify(result));
        if (result.missing) process.exitCode = 1;
      }
    }
  });

program
  .command('dataset')
  .description('the dataset stage over synthetic rows, and its search for near-duplicates beside datatrove')
  .option('--rows <count>', 'rows, of which 5 in 100 are near-duplicates', '1000')
  .option('--words <count>', 'words of each', '10000')
  .option('--threshold <similarity>', 'Jaccard similarity of 5-grams; with 5 words in 100 changed it is 0.63', '0.5')
  .option('--no-peer', 'leave datatrove out, which uv installs on first use')
  .option('--json', 'print the JSON lines alone')
  .action(async (options: { rows: string; words: string; threshold: string; peer: boolean; json?: boolean }) => {
    const { rows, words, threshold } = options;
    const settings = { rows: Number(rows), words: Number(words), threshold: Number(threshold), peer: options.peer };
    if (!options.json) console.log(line(SEARCH_COLUMNS));
    let ours: SearchResult | undefined;
    for await (const result of measureDataset(settings)) {
      ours ??= result;
      if (!options.json) console.log(searchRow(result, ours));
      console.log(JSON.stringify(result));
    }
  });

program
  .command('train')
  .description('packing on lengths like LongWriter-6k, and what watching a training costs, beside the trainer alone')
  .option('--repeats <count>', 'trainings of each kind, in turns', '2')
  .option('--no-overhead', 'packing alone, which takes seconds')
  .option('--json', 'print the JSON lines alone')
  .action(async (options: { repeats: string; overhead: boolean; json?: boolean }) => {
    const print = (cells: readonly (string | number)[]) => options.json || console.log(line(cells, TRAIN_WIDTHS));
    print(PACKING_COLUMNS);
    for (const result of await measurePacking()) {
      print(packingRow(result));
      console.log(JSON.stringify(result));
    }
    if (!options.overhead) return;
    print(OVERHEAD_COLUMNS);
    const result = await measureOverhead(Number(options.repeats));
    for (const cells of overheadRows(result)) print(cells);
    console.log(JSON.stringify(result));
  });

program
  .command('evaluate')
  .description(
    'an evaluation with three judgements of each completion, against an endpoint with a fixed latency, twice',
  )
  .option('--prompts <count>', 'prompts of the benchmark', '120')
  .option('--latency <ms>', 'milliseconds until an answer', '200')
  .option('--json', 'print the JSON lines alone')
  .action(async (options: { prompts: string; latency: string; json?: boolean }) => {
    if (!options.json) console.log(line(EVALUATION_COLUMNS));
    for (const result of await measureEvaluation(Number(options.prompts), Number(options.latency))) {
      if (!options.json) console.log(evaluationRow(result));
      console.log(JSON.stringify(result));
    }
  });

program
  .command('evaluate-statistics')
  .description('scores of one model with their intervals, and the report of them, by a worker')
  .option('--completions <count>', 'completions, two of each prompt', '6000')
  .option('--words <count>', 'words of each', '10000')
  .option('--json', 'print the JSON lines alone')
  .action(async (options: { completions: string; words: string; json?: boolean }) => {
    if (!options.json) console.log(line(SCORES_COLUMNS));
    const settings = { completions: Number(options.completions), words: Number(options.words) };
    for await (const result of measureScores(settings)) {
      if (!options.json) console.log(scoresRow(result));
      console.log(JSON.stringify(result));
    }
  });

program
  .command('cli')
  .description('how long the longwriter command takes to say something, beside node alone')
  .option('--json', 'print the JSON lines alone')
  .action((options: { json?: boolean }) => printCommands(measureStart(), options.json ?? false));

program
  .command('status')
  .description('longwriter status against a run under way, with workers and without')
  .option('--samples <count>', 'samples of the run, with 13 calls of each in its ledger', '6000')
  .option('--json', 'print the JSON lines alone')
  .action((options: { samples: string; json?: boolean }) =>
    printCommands(measureStatus(Number(options.samples)), options.json ?? false),
  );

async function printCommands(results: AsyncIterable<CommandResult>, json: boolean): Promise<void> {
  if (!json) console.log(line(['command', 'seconds', 'ratio', 'exit'], COMMAND_WIDTHS));
  for await (const result of results) {
    const { command, seconds, ratio, exitCode } = result;
    if (!json) console.log(line([command, seconds.toFixed(3), ratio.toFixed(1), exitCode], COMMAND_WIDTHS));
    console.log(JSON.stringify(result));
  }
}

const COMMAND_WIDTHS = [36, 8, 6, 5];

program
  .command('telemetry')
  .description('generation with traces and metrics, and without, in turns')
  .option('--rounds <count>', 'rounds of each', '10')
  .option('--json', 'print the JSON lines alone')
  .action(async (options: { rounds: string; json?: boolean }) => {
    if (!options.json) console.log(line(TELEMETRY_COLUMNS));
    for await (const result of measureTelemetry(Number(options.rounds))) {
      if (!options.json) for (const each of telemetryRows(result)) console.log(line(each));
      console.log(JSON.stringify(result));
    }
  });

const TELEMETRY_COLUMNS = ['scenario', 'rounds', 'off', 'on', '', 'ratio', 'from', 'to'];

function telemetryRows(result: TelemetryResult): (string | number)[][] {
  const { scenario, rounds, callsPerSecond, workerCpuMsPerCall, timeRatio, workerCpuRatio } = result;
  const cells = (of: { off: number; on: number }, unit: string, [from, median, to]: readonly number[]) => [
    scenario,
    rounds,
    of.off.toFixed(2),
    of.on.toFixed(2),
    unit,
    ...[median, from, to].map((ratio) => ratio!.toFixed(3)),
  ];
  return [cells(callsPerSecond, 'calls/s', timeRatio), cells(workerCpuMsPerCall, 'CPU ms', workerCpuRatio)];
}

const EVALUATION_COLUMNS = [
  'walk',
  'prompts',
  'needed',
  'requests',
  'flight',
  'calls s',
  'ideal',
  'ratio',
  'whole s',
  'CPU s',
];

function evaluationRow(result: EvaluationResult): string {
  const { walk, prompts, needed, requests, mostInFlight, callSeconds, ideal, seconds } = result;
  const ratio = ideal === 0 ? '' : (callSeconds / ideal).toFixed(3);
  const { worker, temporal, endpoint } = result.cpuSeconds;
  const cpu = [worker, temporal, endpoint].map((one) => one.toFixed(1)).join('+');
  const times = [callSeconds.toFixed(2), ideal.toFixed(2), ratio, seconds.toFixed(2), cpu];
  return line([walk, prompts, needed, requests, mostInFlight, ...times]);
}

const SCORES_COLUMNS = ['step', 'rows', 'words', 'resamples', 'seconds', 'peak MB'];

function scoresRow({ step, completions, words, resamples, seconds, peakMegabytes }: ScoresResult): string {
  return line([step, completions, words, resamples, seconds.toFixed(2), peakMegabytes]);
}

const TRAIN_WIDTHS = [20, 22, 8, 10, 6, 10, 10];
const PACKING_COLUMNS = ['rows', 'batches', 'rows', 'batches', 'lost', 'padding', 'seconds'];
const OVERHEAD_COLUMNS = ['training', 'train phase, seconds', 'ratio', 'CPU s', '', 'of it', ''];

function packingRow({ mix, way, rows, batches, lost, padding, seconds }: PackingResult): (string | number)[] {
  return [mix, way, rows, batches, lost, `${(100 * padding).toFixed(2)} %`, seconds.toFixed(2)];
}

function overheadRows(result: OverheadResult): (string | number)[][] {
  const { bareSeconds, watchedSeconds, trainerCpu, watcherCpu, share } = result;
  const ratio = (watchedSeconds / bareSeconds).toFixed(3);
  return [
    ['alone', bareSeconds.toFixed(1), '1', trainerCpu.toFixed(1), '', '', ''],
    [
      'watched',
      watchedSeconds.toFixed(1),
      ratio,
      `+ ${watcherCpu.toFixed(2)}`,
      '',
      `${(100 * share).toFixed(2)} %`,
      '',
    ],
  ];
}

const SEARCH_COLUMNS = ['search', 'rows', 'seconds', 'ms/row', 'ratio', 'peak MB', 'found', 'planted', 'recall'];

function searchRow(result: SearchResult, ours: SearchResult): string {
  const { search, rows, seconds, peakMegabytes, duplicates, planted } = result;
  return line([
    search,
    rows,
    seconds.toFixed(2),
    ((1000 * seconds) / rows).toFixed(2),
    (seconds / ours.seconds).toFixed(1),
    peakMegabytes,
    duplicates,
    planted,
    planted === 0 ? '' : (duplicates / planted).toFixed(3),
  ]);
}

function collect(value: string, all: readonly string[]): string[] {
  return [...all, value];
}

const COLUMNS = [
  'scenario',
  'good',
  'needed',
  'requests',
  'again',
  'seconds',
  'ideal',
  'ratio',
  'calls/s',
  'worker MB',
  'CPU ms a call',
];
const WIDTHS = [14, 9, 7, 9, 6, 8, 7, 6, 8, 10, 14];
const HEAD = line(COLUMNS);

function row(result: Result): string {
  const { ideal, seconds, cpuMsPerCall: cpu } = result;
  return line([
    result.scenario,
    `${result.good}/${result.samples}`,
    result.needed,
    result.requests,
    result.paidAgain,
    seconds.toFixed(2),
    ideal?.toFixed(2) ?? '',
    ideal ? (seconds / ideal).toFixed(3) : '',
    result.callsPerSecond.toFixed(1),
    result.workerPeakMb,
    [cpu.worker, cpu.temporal, cpu.endpoint].map((ms) => ms.toFixed(1)).join('+'),
  ]);
}

function line(cells: readonly (string | number)[], widths: readonly number[] = WIDTHS): string {
  return cells.map((cell, index) => String(cell)[index === 0 ? 'padEnd' : 'padStart'](widths[index]!)).join(' ');
}

await program.parseAsync();

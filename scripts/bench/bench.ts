import { Command } from 'commander';
import { measureScale, SCENARIOS, type Result } from './generate.ts';

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

function line(cells: readonly (string | number)[]): string {
  return cells.map((cell, index) => String(cell)[index === 0 ? 'padEnd' : 'padStart'](WIDTHS[index]!)).join(' ');
}

await program.parseAsync();

import { formatAmount, shortNumber } from '../domain/cost.ts';
import type { StageEstimate } from '../domain/estimate.ts';
import type { Stage } from '../domain/names.ts';
import { roughTime } from '../domain/rough-time.ts';
import { estimateRun, type LoadedConfig, type RunEstimate } from './estimate.ts';
import { CommandError, EXIT } from './exit.ts';
import { columns, printableJson } from './terminal.ts';

/** What a dry run is asked with. */
export interface DryRun {
  /** Absent where none was typed: its id is made when it starts. */
  readonly run: string | undefined;
  readonly walk: { readonly from?: Stage; readonly until?: Stage };
  readonly assume: readonly string[];
  readonly json: boolean;
}

/** Fails with exit code 2 on assumptions without a dry run: whoever forgot --dry-run would start what they wanted to weigh. */
export function checkDryRun({
  dryRun,
  assume,
}: {
  readonly dryRun?: boolean;
  readonly assume: readonly string[];
}): void {
  if (!dryRun && assume.length > 0) throw new CommandError(EXIT.usage, '--assume is for --dry-run, which is not given');
}

/** Prints what a run would take, stage by stage, with everything that is assumed; starts nothing, and writes nothing. */
export async function tellEstimate(loaded: LoadedConfig, { run, walk, assume, json }: DryRun): Promise<number> {
  const estimate = await estimateRun(loaded, walk, assume);
  const { budget } = loaded.config;
  if (json)
    console.log(printableJson(rounded({ run: run ?? null, dryRun: true, ...estimate, ...(budget ? { budget } : {}) })));
  else for (const line of estimateLines(run, estimate, budget)) console.log(line);
  return EXIT.done;
}

/** Six digits of each number: more of an estimate is noise. */
const rounded = (told: unknown): unknown =>
  JSON.parse(
    JSON.stringify(told, (_, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(6)) : value)),
  );

function estimateLines(
  run: string | undefined,
  { stages, total, counted: files, assumed }: RunEstimate,
  budget: LoadedConfig['config']['budget'],
): string[] {
  const { instructions, imported, rows, prompts } = files;
  const held = [
    counted(instructions, 'instruction'),
    counted(imported, 'finished text'),
    counted(rows, 'row'),
    counted(prompts, 'prompt of the benchmark', 'prompts of the benchmark'),
  ].filter((text) => text !== undefined);
  return [
    `what ${run === undefined ? 'it' : `run ${run}`} would take: ${held.join(', ')}; nothing is started`,
    '',
    ...columns([
      ['stage', 'calls', 'tokens in', 'tokens out', 'cost', 'time', 'GPU hours'],
      ...stages.map((stage) => [stage.stage, ...cells(stage)]),
      ['in all', ...cells(total)],
    ]),
    '',
    ...budgetLines(total, budget),
    'It is about that: what selection, filters and gates leave out is taken as used, and draws as assumed. Not counted: answers',
    'that the store has already, prompts from a cache, probes of a trained model, calibrations, loading of models, waiting.',
    '',
    'assumed; --assume NAME=VALUE changes it:',
    ...columns(assumed.map(({ name, value, text }) => [`  ${name}`, figure(value), text])),
  ];
}

function counted(count: number, one: string, many = `${one}s`): string | undefined {
  return count === 0 ? undefined : `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

function cells({
  calls,
  promptTokens,
  completionTokens,
  dollars,
  unpricedCalls,
  seconds,
  gpuHours,
}: StageEstimate): string[] {
  const cost =
    dollars > 0
      ? `${formatAmount(dollars, 'dollars')}${unpricedCalls > 0 ? ' and more' : ''}`
      : unpricedCalls > 0
        ? 'no price'
        : '–';
  return [
    ...[calls, promptTokens, completionTokens].map((count) => (count > 0 ? shortNumber(Math.round(count)) : '–')),
    cost,
    seconds === undefined ? 'unknown' : seconds > 0 ? roughTime(seconds) : '–',
    gpuHours === undefined ? 'unknown' : gpuHours > 0 ? gpuHours.toFixed(gpuHours < 1 ? 3 : 1) : '–',
  ];
}

function budgetLines(
  { dollars, promptTokens, completionTokens }: StageEstimate,
  budget: LoadedConfig['config']['budget'],
): string[] {
  if (!budget) return [];
  const [estimated, unit] =
    budget.dollars === undefined ? [promptTokens + completionTokens, 'tokens' as const] : [dollars, 'dollars' as const];
  const amount = budget.dollars ?? budget.tokens ?? 0;
  const verdict = estimated > amount ? 'is less than that: the run would pause' : 'holds that';
  return [
    `The budget of ${formatAmount(amount, unit)} ${verdict}; it reserves the most that each sample can cost, so few run at once.`,
  ];
}

function figure(value: number): string {
  if (value >= 1e9) return `${Math.round(value / 1e8) / 10}B`;
  return value >= 1000 ? shortNumber(Math.round(value)) : String(Math.round(value * 100) / 100);
}

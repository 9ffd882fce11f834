import { execFile } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { findJson, readJsonLines, readText } from '../../activities/io/store/json.ts';
import type { Store } from '../../activities/io/store/store.ts';
import type { Cast } from '../../activities/report/claim-tables.ts';
import { counted, extent, listed } from '../../activities/report/format.ts';
import { codeVersion } from '../../configs/code-version.ts';
import { PROJECT } from '../../configs/env.ts';
import type { RunConfig } from '../../configs/schema.ts';
import { contaminationIndex } from '../../domain/contamination.ts';
import { datasetStatistics } from '../../domain/dataset-statistics.ts';
import { fingerprint } from '../../domain/fingerprint.ts';
import { stageKey } from '../../domain/keys.ts';
import { EMBEDDED } from '../../domain/names.ts';
import type { Manifest } from '../../domain/schemas/dataset.ts';
import type { RunScores } from '../../domain/schemas/evaluation.ts';
import { BenchmarkRow } from '../../domain/schemas/instruction.ts';
import { StageRecord } from '../../domain/schemas/run.ts';
import { parseEvents } from '../../domain/trainer-events.ts';
import type { RunDataset } from '../dataset.ts';
import { findSmallModel } from '../embedded/paths.ts';
import { hashOf } from '../upload-inputs.ts';
import type { FinishedClaim } from './claim-report.ts';

/** What stands beside the paper: who plays which part, and how. */
export async function castOf(store: Store, config: RunConfig, longest: string, dataset: RunDataset): Promise<Cast> {
  const { writer, judge } = config.endpoints;
  const { training, preferences, evaluation, serving } = config;
  const required = dataset.entries.flatMap(({ split, required: words }) => (split === 'train' ? (words ?? []) : []));
  const made = await findJson(store, stageKey(longest, 'preferences'), StageRecord);
  const { pairs, prompts } = Pairs.parse(made?.outcome);
  return {
    trained: basename(training.baseModel),
    writer: writer.model,
    judge: judge.model,
    judgeIsStandIn: judge.baseUrl === EMBEDDED,
    asked: required.length === 0 ? undefined : extent(required),
    sft: trainingLine(training.sft),
    dpo: `${trainingLine(training.dpo)}, beta ${training.dpo.beta}`,
    pairs: `${pairs} of ${prompts} prompts of these rows, by ${shareLine(preferences.lengthWeight)}`,
    sampling: samplingLine(evaluation.sampling),
    serving: servingLine(serving.prepare),
  };
}

/** The form in which weights are served, of the command that makes them ready. */
function servingLine(prepare: readonly string[]): string {
  const at = prepare.indexOf('--outtype');
  return at < 0 ? 'as they were trained' : `as ${prepare[at + 1]} weights of llama.cpp`;
}

function samplingLine({ temperature, topP, maxTokens, extra }: RunConfig['evaluation']['sampling']): string {
  return [
    ...[`temperature ${temperature}`, `top p ${topP ?? 1}`, `at most ${maxTokens} tokens`],
    ...Object.entries(extra ?? {}).map(([name, value]) => `${name} ${JSON.stringify(value)}`),
  ].join(', ');
}

/** The commit of the project's folder; a copy without Git has none. */
async function commit(): Promise<string> {
  const command = ['-C', PROJECT, 'describe', '--always', '--dirty', '--abbrev=12'];
  return promisify(execFile)('git', command).then(
    ({ stdout }) => stdout.trim(),
    () => 'not known',
  );
}

const Pairs = z.object({ pairs: z.number(), prompts: z.number() });

const shareLine = (lengthWeight: number): string =>
  lengthWeight === 1 ? 'S_l alone' : `S_l (weight ${lengthWeight}) and S_q`;

type Sft = RunConfig['training']['sft'];

const trainingLine = ({
  epochs,
  learningRate,
  batchSize,
}: Pick<Sft, 'epochs' | 'learningRate' | 'batchSize'>): string =>
  `${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}, learning rate ${learningRate}, batches of ${batchSize} rows`;

/** Command, seeds, hashes, machine and counts, by name. */
export async function factsOf(
  store: Store,
  { command, trained }: FinishedClaim,
  config: RunConfig,
  { evaluations }: RunScores,
  datasets: readonly RunDataset[],
): Promise<[string, string][]> {
  const { statistics, benchmark } = evaluations[0]!;
  const { sft, dpo } = config.training;
  const { plan, section } = config.generation;
  const { counts, rejected } = datasetStatistics(datasets.at(-1)!.entries);
  const leftOut = Object.entries(rejected).map(([reason, count]) => `${count} ${reason}`);
  const trainings = await Promise.all(trained.map(({ run }) => trainingFacts(store, run, 'sft')));
  const [cpu] = cpus();
  return [
    ['command', command],
    ['written on', new Date().toISOString().slice(0, 10)],
    ['written by', `commit ${await commit()}, code ${codeVersion()}, Node ${process.version}`],
    ['configuration', `${fingerprint(config)} of ${trained.at(-1)!.run}`],
    ['sampling of the writer', `plans ${samplingLine(plan.sampling)}; sections ${samplingLine(section.sampling)}`],
    [
      'written on the machine',
      `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    ],
    ['seed of data and trainings', String(config.seed)],
    ['instructions', config.instructions.sources.map(({ file }) => file).join(', ')],
    ['benchmark of held-out prompts', benchmark],
    ['words in a row that the two share, at most', await sharedWords(store, benchmark, datasets.at(-1)!)],
    ['samples', `${counts.kept} kept of ${counts.selected}; left out: ${listed(leftOut) || 'none'}`],
    ...datasets.map(({ run, manifest }): [string, string] => [
      `rows of ${run}, SHA-256`,
      rowsHash(manifest, config.dataset.name),
    ]),
    [
      'SFT',
      `${trainingLine(sft)}, ${sft.lrScheduler}, warm-up ${sft.warmupRatio}, loss by ${sft.lossWeighting}, at most ${sft.maxLength} tokens a row`,
    ],
    ...trained.map(({ model }, index): [string, string] => [`SFT of ${model}`, trainings[index]!]),
    [
      'DPO',
      `${trainingLine(dpo)}, ${dpo.lrScheduler}, warm-up ${dpo.warmupRatio}, beta ${dpo.beta}; ${await trainingFacts(store, trained.at(-1)!.run, 'dpo')}`,
    ],
    ...evaluations.map(({ model, identity }): [string, string] => [`weights of ${model}, SHA-256`, identity]),
    ...(config.endpoints.writer.baseUrl === EMBEDDED
      ? [['weights of the writer, SHA-256', await hashOf(await findSmallModel(PROJECT))] satisfies [string, string]]
      : []),
    ['completions of each prompt', String(config.evaluation.completions)],
    ['intervals', `95 %, ${statistics.resamples} resamples of the prompts, seed ${statistics.seed}`],
  ];
}

/** Steps of a run's training, and rows that were too long for it: their ends were cut off. */
async function trainingFacts(store: Store, run: string, method: 'sft' | 'dpo'): Promise<string> {
  const record = await findJson(store, stageKey(run, method), StageRecord);
  const { folder, rows } = Trained.parse(record?.outcome);
  const events = parseEvents(await readText(store, `${folder}/events.jsonl`));
  const start = events.findLast(({ event }) => event === 'run-start');
  const { total_steps: steps, cut_rows: cut } = RunStart.parse(start);
  return `${counted(rows, 'row')}, ${counted(steps, 'step')}, ${counted(cut, 'row')} cut`;
}

const Trained = z.object({ folder: z.string(), rows: z.number() });
const RunStart = z.object({ total_steps: z.number(), cut_rows: z.number() });

/** Training rows lie in a file of the dataset's name. */
const rowsHash = ({ files }: Manifest, name: string): string =>
  files.find(({ path }) => path === `${name}.jsonl`)?.sha256 ?? 'not known';

/** The longest stretch that an instruction has in common with a held-out prompt. */
async function sharedWords(store: Store, benchmark: string, { instructions }: RunDataset): Promise<string> {
  const held = await readJsonLines(store, benchmark, BenchmarkRow);
  const index = contaminationIndex(
    held.map(({ prompt }) => ({ source: 'held out', text: prompt })),
    2,
  );
  const found = [...instructions.values()].flatMap(({ prompt }) => index.find(prompt) ?? []);
  const longest = found.toSorted((a, b) => b.tokens - a.tokens)[0];
  return longest ? `${longest.tokens} (“${longest.text}”)` : 'fewer than 2';
}

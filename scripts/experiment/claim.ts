import { findJson } from '../../activities/io/store/json.ts';
import { openStore } from '../../activities/io/store/open.ts';
import type { Store } from '../../activities/io/store/store.ts';
import { readEnvironment } from '../../configs/env.ts';
import { loadConfig } from '../../configs/load.ts';
import type { RunConfig } from '../../configs/schema.ts';
import { stageKey } from '../../domain/keys.ts';
import type { Stage } from '../../domain/names.ts';
import { StageRecord } from '../../domain/schemas/run.ts';
import { evaluationAlone } from '../evaluation-config.ts';
import { CommandError, EXIT } from '../exit.ts';
import { EVALUATION_FIELDS } from '../input-fields.ts';
import { locateModel } from '../locate-model.ts';
import { checkRunId, checkSameConfig, findConfig } from '../runs.ts';
import { readInputs, type Input } from '../upload-inputs.ts';
import { walkRun } from '../walk-run.ts';
import { withPipeline } from '../with-pipeline.ts';
import { writeClaimReport } from './claim-report.ts';

export interface ClaimOptions {
  /** Configuration of the runs. */
  readonly config: string;
  readonly set: readonly string[];
  /** Words to which the outputs of each training set are cut, about; they grow. */
  readonly maxWords: readonly number[];
  /** What the runs are called by. */
  readonly name: string;
  /** Folder of the report. */
  readonly out: string;
  /** The command as it was typed, and what else the report's reader has to know before anything. */
  readonly command: string;
  readonly note?: string | undefined;
}

/** One run of the experiment, before it is started. */
interface ClaimRun {
  readonly run: string;
  readonly config: RunConfig;
  readonly inputs: readonly Input[];
  readonly until?: Stage;
}

const say = (line: string): void => console.log(line);

/**
 * Walks the experiment from where it stands: a run for each length of the training outputs, the longest one through DPO, and
 * an evaluation of all their models on the same prompts; then writes the report. All of them are ordinary runs. The longest
 * one goes first and pays for the samples, which the others find in the store.
 */
export async function runClaim(options: ClaimOptions): Promise<number> {
  const { name, maxWords, out, command, note } = options;
  checkRunId(`${name}-scores`);
  const trainings = await readTrainings(options);
  const store = openStore(readEnvironment().storeUrl);
  await store.check();
  for (const { run, config } of trainings) {
    const known = await findConfig(store, run);
    if (known) checkSameConfig(run, known.config, config, '--name');
  }
  const scores = `${name}-scores`;
  const measured = Object.keys((await findConfig(store, scores))?.config.evaluation.alone?.models ?? {});
  const models = ['base', ...maxWords.map(modelOf), 'dpo'];
  if (measured.length > 0 && measured.join() !== models.join())
    throw new CommandError(
      EXIT.usage,
      `run ${scores} measured ${measured.join(', ')}; for ${models.join(', ')} choose another --name`,
    );
  if (await isLeft(store, [...trainings, { run: scores }])) await walkAll(options, trainings);
  const trained = maxWords.map((words) => ({ run: runOf(name, words), maxWords: words, model: modelOf(words) }));
  for (const file of await writeClaimReport(store, { command, note, trained, scores, out })) say(file);
  return EXIT.done;
}

/** Whether one of some runs has not come to its last stage under its newest configuration. */
async function isLeft(store: Store, runs: readonly Pick<ClaimRun, 'run' | 'until'>[]): Promise<boolean> {
  for (const { run, until = 'report' } of runs) {
    const [frozen, record] = await Promise.all([
      findConfig(store, run),
      findJson(store, stageKey(run, until), StageRecord),
    ]);
    if (!frozen || record?.revision !== frozen.revision) return true;
  }
  return false;
}

/** Walks all runs beside the embedded services, those that are through in no time. */
function walkAll(options: ClaimOptions, trainings: readonly ClaimRun[]): Promise<void> {
  return withPipeline(say, async (session, watch) => {
    const walk = async ({ run, until, ...read }: ClaimRun): Promise<void> => {
      if (!(await isLeft(session.store, [{ run, ...(until ? { until } : {}) }]))) return;
      say(`run ${run}${until ? `, until ${until}` : ''}`);
      const ended = await walkRun(session, run, read, until ? { until } : {}, watch);
      if (ended?.state === 'completed') return;
      const state = ended?.state ?? 'under way';
      throw new CommandError(EXIT.failed, `run ${run} is ${state}; the same command goes on with it`);
    };
    for (const run of trainings.toReversed()) await walk(run);
    await walk(await readScoring(session.store, options));
  });
}

/** The run of one length of outputs, and what it trained as the evaluation calls it. */
const runOf = (name: string, words: number): string => `${name}-${words}`;
const modelOf = (words: number): string => `sft-${words}`;

/** The runs that train, from the shortest outputs to the longest; the last one goes on to DPO. */
async function readTrainings({ config: file, set, maxWords, name }: ClaimOptions): Promise<ClaimRun[]> {
  const runs: ClaimRun[] = [];
  for (const words of maxWords) {
    const read = await readInputs(await loadConfig(file, [...set, `dataset.maxWords=${words}`]), file);
    const run = runOf(name, words);
    checkRunId(run);
    runs.push({ run, ...read, until: words === maxWords.at(-1) ? 'dpo' : 'sft' });
  }
  return runs;
}

/** The evaluation of the base model and of all that was trained. */
async function readScoring(store: Store, { config: file, set, maxWords, name }: ClaimOptions): Promise<ClaimRun> {
  const longest = runOf(name, maxWords.at(-1)!);
  const models: Record<string, string> = { base: await locateModel(store, `${longest}:base`) };
  for (const words of maxWords) models[modelOf(words)] = await locateModel(store, `${runOf(name, words)}:sft`);
  models['dpo'] = await locateModel(store, `${longest}:dpo`);
  const loaded = evaluationAlone(await loadConfig(file, set), { models, predictions: {} }, file);
  return { run: `${name}-scores`, ...(await readInputs(loaded, file, EVALUATION_FIELDS)) };
}

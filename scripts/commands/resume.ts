import { jsonBytes } from '../../activities/io/store/json.ts';
import type { Store } from '../../activities/io/store/store.ts';
import { loadConfig, parseConfig } from '../../configs/load.ts';
import type { RunConfig } from '../../configs/schema.ts';
import { fingerprint } from '../../domain/fingerprint.ts';
import { configKey } from '../../domain/keys.ts';
import { STAGES, type Stage } from '../../domain/names.ts';
import { withSession, type Session } from '../connect.ts';
import { loadEvaluation, type GivenEvaluation } from '../evaluation-config.ts';
import { CommandError, EXIT } from '../exit.ts';
import { EVALUATION_FIELDS, TRAINING_FIELDS } from '../input-fields.ts';
import { readPriority } from '../priority.ts';
import {
  checkCanEnd,
  checkRunId,
  checkStages,
  checkWalk,
  describeRun,
  findConfig,
  goOn,
  unpause,
  type FrozenConfig,
} from '../runs.ts';
import { loadTraining } from '../training-config.ts';
import { readInputs, uploadInputs, type Input } from '../upload-inputs.ts';
import { staleStages } from '../stale-stages.ts';
import { findTraining } from '../trainings.ts';

export interface ResumeOptions {
  readonly config?: string;
  readonly set: readonly string[];
  readonly budget?: string;
  readonly yes?: boolean;
  readonly acceptFailed?: boolean;
  readonly from?: string;
  readonly until?: string;
  readonly priority?: string;
  readonly json?: boolean;
}

/** Lets the firing of a schedule go on that a person paused; between firings, and under other settings, there is nothing to resume. */
async function resumeFiring(
  { client, store }: Pick<Session, 'client' | 'store'>,
  run: string,
  { config, set, budget, from, until, priority, json }: ResumeOptions,
): Promise<number> {
  const isUnderWay = (await describeRun(client, run))?.status.name === 'RUNNING';
  if (!isUnderWay || set.length > 0 || [config, budget, from, until, priority].some((option) => option !== undefined))
    throw new CommandError(
      EXIT.usage,
      `${run} is a schedule: longwriter schedule trigger ${run}, or schedule create --replace with other settings`,
    );
  await unpause(client, store, run);
  console.log(json ? JSON.stringify({ run, state: 'resumed' }) : `run ${run} goes on`);
  return EXIT.done;
}

/** Goes on with a run that is paused, failed, cancelled or was cut off; finished work is found, not made again. */
export async function resume(run: string, options: ResumeOptions): Promise<number> {
  checkRunId(run);
  const stages = checkStages(options);
  const priority = readPriority(options.priority);
  return withSession(async ({ client, store }) => {
    let frozen = await findConfig(store, run);
    if (!frozen) throw new CommandError(EXIT.noSuchRun, `there is no run ${run} in store ${store.url}`);
    if (frozen.config.evaluation.alone?.firing) return resumeFiring({ client, store }, run, options);
    checkWalk(run, frozen.config, stages);
    const given =
      options.config === undefined ? undefined : await readGiven(options.config, options.set, frozen.config);
    const config = withBudget(given?.config ?? frozen.config, options.budget);
    if (fingerprint(config) !== fingerprint(frozen.config)) {
      await confirmStale(store, run, staleStages(frozen.config, config), stages.from, options.yes ?? false);
      await checkCanEnd(client, run);
      await uploadInputs(store, given?.inputs ?? []);
      frozen = await nextRevision(store, run, frozen, config);
    }
    const again = stages.from !== undefined || stages.until !== undefined || options.acceptFailed === true;
    const acceptFailed = options.acceptFailed ?? false;
    const until = await goOn({ client, store }, run, frozen, { ...stages, ...priority, acceptFailed, again });
    console.log(
      options.json
        ? JSON.stringify({ run, state: 'resumed', revision: frozen.revision })
        : `run ${run} goes on${until ? `, until ${until}; --until names another stage` : ''}`,
    );
    return EXIT.done;
  });
}

/** The other configuration, with its inputs; that of a training or an evaluation alone keeps what it was given. */
async function readGiven(
  file: string,
  overrides: readonly string[],
  { training: { alone, baseModel }, evaluation }: RunConfig,
): Promise<{ config: RunConfig; inputs: Input[] }> {
  if (evaluation.alone) return readGivenEvaluation(file, overrides, evaluation, evaluation.alone);
  if (!alone) return readInputs(await loadConfig(file, overrides), file);
  const changed = await loadTraining(file, overrides, { ...alone, model: baseModel });
  // Its rows are in the store already.
  return readInputs(
    changed,
    file,
    TRAINING_FIELDS.filter(({ at }) => at !== 'training.alone.data'),
  );
}

/** How to ask, serve and judge may change; which models on which prompts is what the run is. */
async function readGivenEvaluation(
  file: string,
  overrides: readonly string[],
  { endpoints, benchmark, name, sha256, calibration }: RunConfig['evaluation'],
  alone: GivenEvaluation,
): Promise<{ config: RunConfig; inputs: Input[] }> {
  const fixed = overrides.find((text) => /^evaluation\.(?:benchmark|name|sha256|calibration)=/.test(text));
  if (fixed !== undefined)
    throw new CommandError(EXIT.usage, `--set ${fixed}: an evaluation keeps its files; evaluate under another --run`);
  const kept = Object.entries({ endpoints, benchmark, name, sha256, calibration }).flatMap(([key, value]) =>
    value === undefined ? [] : [`evaluation.${key}=${JSON.stringify(value)}`],
  );
  const changed = await loadEvaluation(file, [...kept, ...overrides], alone, overrides);
  // Its other files are in the store already.
  return readInputs(
    changed,
    file,
    EVALUATION_FIELDS.filter(({ at }) => at === 'prompts.judge'),
  );
}

/** The configuration with another budget: a number in the run's own unit, `$20`, or `5000000 tokens`. */
function withBudget(config: RunConfig, text: string | undefined): RunConfig {
  if (text === undefined) return config;
  const match = /^(?<dollars>\$)?\s*(?<amount>\d+(?:\.\d+)?)\s*(?<tokens>tokens?)?$/.exec(text.trim());
  const { dollars, amount, tokens } = match?.groups ?? {};
  if (amount === undefined || Number(amount) <= 0 || (dollars && tokens))
    throw new CommandError(
      EXIT.usage,
      `--budget ${text}: expected an amount above 0, such as 20, '$20' or '5000000 tokens'`,
    );
  const inTokens = tokens !== undefined || (dollars === undefined && config.budget?.tokens !== undefined);
  const budget = inTokens ? { tokens: Math.floor(Number(amount)) } : { dollars: Number(amount) };
  return parseConfig({ ...config, budget }, '--budget');
}

async function confirmStale(
  store: Store,
  run: string,
  stale: readonly Stage[],
  from: Stage | undefined,
  yes: boolean,
): Promise<void> {
  const [first] = stale;
  if (first === undefined) return;
  if (from && STAGES.indexOf(from) > STAGES.indexOf(first)) {
    throw new CommandError(
      EXIT.usage,
      `--from ${from} would use what the new configuration makes stale; begin at ${first}`,
    );
  }
  console.error(
    `made under the new configuration: ${stale.join(', ')} (stored calls are used where they still answer)`,
  );
  if (yes) return;
  for (const method of ['sft', 'dpo'] as const) {
    const found = stale.includes(method) ? await findTraining(store, run, method) : undefined;
    if (found === undefined) continue;
    const what = found === 'finished' ? 'a finished training' : 'a training that has checkpoints';
    throw new CommandError(EXIT.usage, `${what} (${method}) would be made again; add --yes to do so`);
  }
}

async function nextRevision(
  store: Store,
  run: string,
  { revision }: FrozenConfig,
  config: RunConfig,
): Promise<FrozenConfig> {
  if (await store.createIfAbsent(configKey(run, revision + 1), jsonBytes(config)))
    return { revision: revision + 1, config };
  throw new CommandError(
    EXIT.failed,
    `run ${run} was given another configuration at the same moment; look at it and try again`,
  );
}

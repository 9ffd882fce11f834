import { jsonBytes } from '../../activities/io/store/json.ts';
import { loadConfig } from '../../configs/load.ts';
import type { RunConfig } from '../../configs/schema.ts';
import { fingerprint } from '../../domain/fingerprint.ts';
import { configKey } from '../../domain/keys.ts';
import { STAGES, type Stage } from '../../domain/names.ts';
import { withSession } from '../connect.ts';
import { CommandError, EXIT } from '../exit.ts';
import {
  cancelWorkflow,
  checkRunId,
  checkStages,
  describeRun,
  findConfig,
  startWorkflow,
  unpause,
  type FrozenConfig,
} from '../runs.ts';
import { readInputs, uploadInputs } from '../upload-inputs.ts';
import { staleStages } from '../stale-stages.ts';

export interface ResumeOptions {
  readonly config?: string;
  readonly set: readonly string[];
  readonly yes?: boolean;
  readonly acceptFailed?: boolean;
  readonly from?: string;
  readonly until?: string;
  readonly json?: boolean;
}

/** Goes on with a run that is paused, failed, cancelled or was cut off; finished work is found, not made again. */
export async function resume(run: string, options: ResumeOptions): Promise<number> {
  checkRunId(run);
  const stages = checkStages(options);
  const changed = options.config === undefined ? undefined : await loadConfig(options.config, options.set);
  const given = changed && options.config !== undefined ? await readInputs(changed, options.config) : undefined;
  return withSession(async ({ client, store }) => {
    let frozen = await findConfig(store, run);
    if (!frozen) throw new CommandError(EXIT.noSuchRun, `there is no run ${run} in store ${store.url}`);
    const description = await describeRun(client, run);
    const last = (description?.memo ?? {}) as { revision?: number; until?: Stage | null };
    if (given && fingerprint(given.config) !== fingerprint(frozen.config)) {
      confirmStale(frozen.config, given.config, stages.from, options.yes ?? false);
      await uploadInputs(store, given.inputs);
      frozen = await nextRevision(store, run, frozen, given.config);
    }
    const told = stages.from !== undefined || stages.until !== undefined || options.acceptFailed === true;
    if (description?.status.name === 'RUNNING' && (told || last.revision !== frozen.revision))
      await cancelWorkflow(client, run);
    await unpause(client, store, run);
    // A run that was to end at a stage still does, unless it is told another.
    const until = stages.until ?? last.until ?? undefined;
    const acceptFailed = options.acceptFailed ?? false;
    await startWorkflow(client, run, frozen, { ...stages, ...(until ? { until } : {}), acceptFailed });
    console.log(
      options.json
        ? JSON.stringify({ run, state: 'resumed', revision: frozen.revision })
        : `run ${run} goes on${until ? `, until ${until}` : ''}`,
    );
    return EXIT.done;
  });
}

function confirmStale(before: RunConfig, after: RunConfig, from: Stage | undefined, yes: boolean): void {
  const stale = staleStages(before, after);
  const [first] = stale;
  if (first === undefined) return;
  if (from && STAGES.indexOf(from) > STAGES.indexOf(first)) {
    throw new CommandError(
      EXIT.usage,
      `--from ${from} would use what the new configuration makes stale; begin at ${first}`,
    );
  }
  console.error(
    `made again under the new configuration: ${stale.join(', ')} (stored calls are used where they still answer)`,
  );
  if (!yes && stale.some((stage) => stage === 'sft' || stage === 'dpo')) {
    throw new CommandError(EXIT.usage, 'a finished training would be made again; add --yes to do so');
  }
}

async function nextRevision(
  store: Parameters<typeof findConfig>[0],
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

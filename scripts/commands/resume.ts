import { jsonBytes } from '../../activities/io/store/json.ts';
import { loadConfig } from '../../configs/load.ts';
import type { RunConfig } from '../../configs/schema.ts';
import { fingerprint } from '../../domain/fingerprint.ts';
import { configKey } from '../../domain/keys.ts';
import { withSession } from '../connect.ts';
import { CommandError, EXIT } from '../exit.ts';
import { checkRunId, checkStage, describeRun, findConfig, startWorkflow, unpause, type FrozenConfig } from '../runs.ts';
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
  const stages = {
    ...(options.from === undefined ? {} : { from: checkStage(options.from) }),
    ...(options.until === undefined ? {} : { until: checkStage(options.until) }),
    ...(options.acceptFailed ? { acceptFailed: true } : {}),
  };
  const changed = options.config === undefined ? undefined : await loadConfig(options.config, options.set);
  const given = changed && options.config !== undefined ? await readInputs(changed, options.config) : undefined;
  return withSession(async ({ client, store }) => {
    let frozen = await findConfig(store, run);
    if (!frozen) throw new CommandError(EXIT.noSuchRun, `there is no run ${run} in store ${store.url}`);
    const running = (await describeRun(client, run))?.status.name === 'RUNNING';
    let restart = Object.keys(stages).length > 0;
    if (given && fingerprint(given.config) !== fingerprint(frozen.config)) {
      confirmStale(frozen.config, given.config, options.yes ?? false);
      await uploadInputs(store, given.inputs);
      frozen = await nextRevision(store, run, frozen, given.config);
      restart = true;
    }
    if (running && restart) {
      const handle = client.workflow.getHandle(run);
      await handle.cancel();
      await handle.result().catch(() => undefined);
    }
    await unpause(client, store, run);
    await startWorkflow(client, run, frozen, stages);
    console.log(
      options.json ? JSON.stringify({ run, state: 'resumed', revision: frozen.revision }) : `run ${run} goes on`,
    );
    return EXIT.done;
  });
}

function confirmStale(before: RunConfig, after: RunConfig, yes: boolean): void {
  const stale = staleStages(before, after);
  if (stale.length === 0) return;
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

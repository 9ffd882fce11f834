import { ScheduleAlreadyRunning, ServiceError, type ScheduleOptions, type ScheduleSpec } from '@temporalio/client';
import type { Store } from '../../activities/io/store/store.ts';
import { jsonBytes } from '../../activities/io/store/json.ts';
import type { RunConfig } from '../../configs/schema.ts';
import { fingerprint, fingerprint8 } from '../../domain/fingerprint.ts';
import { configKey } from '../../domain/keys.ts';
import { childId, PIPELINE_QUEUE } from '../../domain/names.ts';
import { withSession, type Session } from '../connect.ts';
import { readDuration } from '../durations.ts';
import { CommandError, EXIT } from '../exit.ts';
import { checkRunId, findConfig, type FrozenConfig } from '../runs.ts';
import { readFiring, type TypedFiring } from '../schedule-config.ts';
import { attributesOf, findSchedule, FIRING_WORKFLOW, knownAttributes, type ScheduleMemo } from '../schedules.ts';
import { uploadInputs } from '../upload-inputs.ts';

export interface ScheduleCreateOptions extends TypedFiring {
  readonly id?: string;
  readonly every?: string;
  readonly cron?: string;
  readonly judgeOnly?: boolean;
  readonly jitter?: string;
  readonly catchup: string;
  readonly waitLimit: string;
  readonly maxFailures: string;
  readonly webhook?: string;
  readonly webhookSecretEnv?: string;
  readonly replace?: boolean;
  readonly json?: boolean;
}

/** Has models evaluated again on a schedule. The same command again says that the schedule is there. */
export async function scheduleCreate(options: ScheduleCreateOptions): Promise<number> {
  if (options.id !== undefined) checkRunId(options.id);
  const { spec, when } = readSpec(options);
  const catchupWindow = readDuration('--catchup', options.catchup);
  const firing = readFiringOptions(options);
  const waitLimitMinutes = readDuration('--wait-limit', options.waitLimit) / 60_000;
  return withSession(async (session) => {
    await session.store.check();
    const { config, inputs } = await readFiring(session.store, options, firing, waitLimitMinutes);
    const models = Object.keys({ ...config.evaluation.alone!.models, ...config.evaluation.endpoints });
    const id = options.id ?? idOf(options.run, models, config);
    checkRunId(id);
    const settings = fingerprint({ config, spec, catchupWindow });
    const memo: ScheduleMemo = { when, models: models.join(', '), of: options.run ?? id, settings };
    const known = await findSchedule(session.client, id);
    const isSame = known?.memo.settings === settings;
    if (known && !isSame && !options.replace)
      throw new CommandError(
        EXIT.usage,
        `schedule ${id} is another one (${known.memo.when}, ${known.memo.models}); give --replace, or another --id`,
      );
    if (!isSame) {
      await uploadInputs(session.store, inputs);
      const frozen = await freeze(session.store, id, config, options.replace ?? false);
      await put(session, { id, spec, catchupWindow, memo, frozen, exists: known !== undefined });
    }
    const state = isSame ? 'exists' : known ? 'replaced' : 'created';
    if (options.json) console.log(JSON.stringify({ schedule: id, state }));
    else console.log(`schedule ${id} ${isSame ? 'is there already' : state}: ${memo.models}, ${when}`);
    return EXIT.done;
  });
}

function readSpec({ every, cron, jitter }: ScheduleCreateOptions): {
  readonly spec: ScheduleSpec;
  readonly when: string;
} {
  if ((every === undefined) === (cron === undefined))
    throw new CommandError(EXIT.usage, 'when should it fire? give --every or --cron, one of both');
  const spread = jitter === undefined ? {} : { jitter: readDuration('--jitter', jitter) };
  if (every !== undefined)
    return { spec: { intervals: [{ every: readDuration('--every', every) }], ...spread }, when: `every ${every}` };
  return { spec: { cronExpressions: [cron!], ...spread }, when: `cron "${cron}" UTC` };
}

function readFiringOptions(options: ScheduleCreateOptions) {
  const { webhook: url, webhookSecretEnv: secretEnv, judgeOnly = false, maxFailures } = options;
  if (!/^[1-9]\d{0,5}$/.test(maxFailures))
    throw new CommandError(EXIT.usage, `--max-failures ${maxFailures}: expected a whole number above 0`);
  if (url === undefined && secretEnv !== undefined)
    throw new CommandError(EXIT.usage, '--webhook-secret-env signs what --webhook is sent, and there is none');
  if (url !== undefined && !/^https?:\/\/.+/.test(url))
    throw new CommandError(EXIT.usage, `--webhook ${url}: expected an http or https address`);
  const webhook = url === undefined ? {} : { webhook: { url, ...(secretEnv === undefined ? {} : { secretEnv }) } };
  return { judgeOnly, maxFailures: Number(maxFailures), ...webhook };
}

/** An id by run and model, or by the configuration where that says more than there is room for. */
function idOf(run: string | undefined, models: readonly string[], config: RunConfig): string {
  const name = [run, ...models].join('-');
  return run !== undefined && name.length <= 40 ? name : `schedule-${fingerprint8(config)}`;
}

/** Freezes the configuration under the schedule's id. Fails with exit code 2 where it has another, or belongs to another run. */
async function freeze(store: Store, id: string, config: RunConfig, replace: boolean): Promise<FrozenConfig> {
  for (;;) {
    const known = await findConfig(store, id);
    if (known && !known.config.evaluation.alone?.firing)
      throw new CommandError(EXIT.usage, `${id} is a run in store ${store.url}; give the schedule another --id`);
    if (known && fingerprint(known.config) === fingerprint(config)) return known;
    if (known && !replace)
      throw new CommandError(
        EXIT.usage,
        `an earlier schedule ${id} had another configuration; give --replace, or another --id`,
      );
    const revision = (known?.revision ?? 0) + 1;
    if (await store.createIfAbsent(configKey(id, revision), jsonBytes(config))) return { revision, config };
  }
}

interface PutSchedule {
  readonly id: string;
  readonly spec: ScheduleSpec;
  /** Milliseconds. */
  readonly catchupWindow: number;
  readonly memo: ScheduleMemo;
  readonly frozen: FrozenConfig;
  readonly exists: boolean;
}

async function put({ client }: Session, { id, spec, catchupWindow, memo, frozen, exists }: PutSchedule): Promise<void> {
  const known = await knownAttributes(client);
  if (!known.has('LwRun') || !known.has('LwState'))
    console.error('the server lacks the search attributes LwRun, LwModel or LwState (Keyword): its list shows less');
  const typedSearchAttributes = attributesOf(known, { LwRun: memo.of, LwModel: memo.models.slice(0, 250) });
  const hasStateAttribute = known.has('LwState');
  const schedule: ScheduleOptions = {
    scheduleId: id,
    spec,
    policies: { overlap: 'SKIP', catchupWindow },
    action: {
      type: 'startWorkflow',
      workflowType: FIRING_WORKFLOW,
      workflowId: childId(id, 'firing'),
      taskQueue: PIPELINE_QUEUE,
      args: [{ run: id, ...frozen, schedule: id, hasStateAttribute }],
      typedSearchAttributes,
      staticSummary: `re-evaluation of ${memo.models}`,
    },
    memo: { ...memo },
    typedSearchAttributes,
  };
  // A memo cannot be changed by an update, and it tells whether the schedule is the one that was asked for.
  if (exists) {
    const handle = client.schedule.getHandle(id);
    // A spec that the server does not take is found while the old one still stands.
    await valid(id, () => handle.update((earlier) => ({ ...earlier, spec })));
    await handle.delete();
  }
  await valid(id, () => client.schedule.create(schedule));
}

async function valid(id: string, change: () => Promise<unknown>): Promise<void> {
  try {
    await change();
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning)
      throw new CommandError(EXIT.usage, `schedule ${id} was made by somebody else just now; list it, and try again`);
    // So the client tells what the server holds for invalid, such as a cron expression that is none.
    if (error instanceof TypeError || error instanceof ServiceError)
      throw new CommandError(
        EXIT.usage,
        `schedule ${id}: ${error.cause instanceof Error ? error.cause.message : error.message}`,
      );
    throw error;
  }
}

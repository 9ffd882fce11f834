import type { ScheduleSpec } from '@temporalio/client';
import type { Store } from '../../activities/io/store/store.ts';
import { jsonBytes } from '../../activities/io/store/json.ts';
import type { RunConfig } from '../../configs/schema.ts';
import { fingerprint, fingerprint8 } from '../../domain/fingerprint.ts';
import { configKey } from '../../domain/keys.ts';
import { withSession } from '../connect.ts';
import { readDuration } from '../durations.ts';
import { CommandError, EXIT } from '../exit.ts';
import { readPriority } from '../priority.ts';
import { checkRunId, findConfig, type FrozenConfig } from '../runs.ts';
import { readFiring, type TypedFiring } from '../schedule-config.ts';
import { areAll, optionsOf, put, renew, takesAttributes } from '../put-schedule.ts';
import { findSchedule, type ScheduleMemo } from '../schedules.ts';
import { areAllKnown, knownAttributes } from '../search-attributes.ts';
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
  readonly priority?: string;
  readonly json?: boolean;
}

/** What is said of a schedule by what became of it. */
const SAID = {
  created: 'created',
  exists: 'is there already',
  renewed: 'is there already, and goes by the search attributes that the namespace has now',
  replaced: 'replaced',
} as const;

/**
 * Has models evaluated again on a schedule. The same command again says that the schedule is there, and lets it have the
 * search attributes that came to the namespace meanwhile.
 */
export async function scheduleCreate(options: ScheduleCreateOptions): Promise<number> {
  if (options.id !== undefined) checkRunId(options.id);
  const { spec, when } = readSpec(options);
  const catchupWindow = readDuration('--catchup', options.catchup);
  const firing = readFiringOptions(options);
  const { priority } = readPriority(options.priority);
  const waitLimitMinutes = readDuration('--wait-limit', options.waitLimit) / 60_000;
  return withSession(async (session) => {
    await session.store.check();
    const { config, inputs } = await readFiring(session.store, options, firing, waitLimitMinutes);
    const models = Object.keys({ ...config.evaluation.alone!.models, ...config.evaluation.endpoints });
    const id = options.id ?? idOf(options.run, models, config);
    checkRunId(id);
    const settings = fingerprint({ config, spec, catchupWindow, ...(priority === undefined ? {} : { priority }) });
    const memo: ScheduleMemo = { when, models: models.join(', '), of: options.run ?? id, settings };
    const known = await findSchedule(session.client, id);
    const isSame = known?.memo.settings === settings;
    if (known && !isSame && !options.replace)
      throw new CommandError(
        EXIT.usage,
        `schedule ${id} is another one (${known.memo.when}, ${known.memo.models}); give --replace, or another --id`,
      );
    const attributes = await knownAttributes(session.client);
    const isStale = known !== undefined && isSame && takesAttributes(known.described) !== areAll(attributes);
    if (!isSame || isStale) {
      areAllKnown(session.client.options.namespace, attributes);
      await uploadInputs(session.store, inputs);
      const { isNew, ...frozen } = await freeze(session.store, id, config, options.replace ?? false);
      const asked = optionsOf({ id, spec, catchupWindow, priority, memo, frozen, attributes });
      try {
        await (isStale ? renew(session, asked) : put(session, asked, known !== undefined));
      } catch (error) {
        // What the server does not take is no schedule, and leaves none of its configuration behind.
        if (isNew) await session.store.remove(configKey(id, frozen.revision));
        throw error;
      }
    }
    const state = isStale ? 'renewed' : isSame ? 'exists' : known ? 'replaced' : 'created';
    if (options.json) console.log(JSON.stringify({ schedule: id, state }));
    else console.log(`schedule ${id} ${SAID[state]}: ${memo.models}, ${when}`);
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
async function freeze(
  store: Store,
  id: string,
  config: RunConfig,
  replace: boolean,
): Promise<FrozenConfig & { readonly isNew: boolean }> {
  for (;;) {
    const known = await findConfig(store, id);
    if (known && !known.config.evaluation.alone?.firing)
      throw new CommandError(EXIT.usage, `${id} is a run in store ${store.url}; give the schedule another --id`);
    if (known && fingerprint(known.config) === fingerprint(config)) return { ...known, isNew: false };
    if (known && !replace)
      throw new CommandError(
        EXIT.usage,
        `an earlier schedule ${id} had another configuration; give --replace, or another --id`,
      );
    const revision = (known?.revision ?? 0) + 1;
    if (await store.createIfAbsent(configKey(id, revision), jsonBytes(config)))
      return { revision, config, isNew: true };
  }
}

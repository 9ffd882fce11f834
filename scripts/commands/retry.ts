import { isFilterReason } from '../../domain/filter.ts';
import { findJson, findVersionedJson, jsonBytes } from '../../activities/io/store/json.ts';
import type { Store } from '../../activities/io/store/store.ts';
import { countBy } from '../../domain/count-by.ts';
import { retriesKey, samplesFolder, stageKey } from '../../domain/keys.ts';
import { STAGES } from '../../domain/names.ts';
import { Retries, StageRecord, type Retry } from '../../domain/schemas/run.ts';
import { RejectionReason, Sample } from '../../domain/schemas/sample.ts';
import { withSession } from '../connect.ts';
import { CommandError, EXIT } from '../exit.ts';
import { oneOf } from '../one-of.ts';
import { checkCanEnd, checkRunId, checkStages, findConfig, goOn, lastStage } from '../runs.ts';

export interface RetryOptions {
  readonly sample: readonly string[];
  readonly reason: readonly string[];
  readonly yes?: boolean;
  readonly until?: string;
  readonly json?: boolean;
}

/**
 * Opens rejected samples again, by id or by reason, and lets the run go on. What was accepted of them stays: a step whose
 * draws were spent gets as many again, and a sample that the filter dropped is written anew.
 */
export async function retry(run: string, options: RetryOptions): Promise<number> {
  checkRunId(run);
  const stages = checkStages(options);
  const reasons = options.reason.map((text) => oneOf('--reason', text, RejectionReason.options));
  if (reasons.length + options.sample.length === 0)
    throw new CommandError(EXIT.usage, 'retry needs --sample ID or --reason REASON');
  return withSession(async ({ client, store }) => {
    const frozen = await findConfig(store, run);
    if (!frozen) throw new CommandError(EXIT.noSuchRun, `there is no run ${run} in store ${store.url}`);
    const known = await findVersionedJson(store, retriesKey(run), Retries);
    const retries = known?.value ?? {};
    const rejected = await rejectedSamples(store, run, retries);
    const chosen = rejected.filter(({ id, reason }) => options.sample.includes(id) || reasons.includes(reason));
    const unknown = options.sample.find((id) => rejected.every((one) => one.id !== id));
    if (unknown !== undefined) throw new CommandError(EXIT.usage, `run ${run} has no rejected sample ${unknown}`);
    if (chosen.length === 0) {
      const there = Object.entries(countBy(rejected.map(({ reason }) => reason)));
      const list = there.map(([reason, count]) => `${count} ${reason}`).join(', ') || 'none';
      throw new CommandError(EXIT.usage, `run ${run} has no sample rejected for that; rejected are: ${list}`);
    }
    const last = stages.until ?? (await lastStage(client, run));
    const endsEarly = last !== undefined && STAGES.indexOf(last) < STAGES.indexOf('sft');
    if (!options.yes && !endsEarly && (await findJson(store, stageKey(run, 'sft'), StageRecord))) {
      throw new CommandError(
        EXIT.usage,
        'a finished training would be made again on the changed dataset; add --yes to do so, or --until dataset',
      );
    }
    await checkCanEnd(client, run);
    for (const { id, reason } of chosen) retries[id] = opened(retries[id] ?? { draws: 0, anew: 0 }, reason);
    await writeRetries(store, run, retries, known?.version);
    await goOn({ client, store }, run, frozen, { ...stages, again: true });
    console.log(
      options.json
        ? JSON.stringify({ run, state: 'resumed', samples: chosen.map(({ id }) => id) })
        : `run ${run} tries ${chosen.length} rejected ${chosen.length === 1 ? 'sample' : 'samples'} again`,
    );
    return EXIT.done;
  });
}

/** Writes what two commands at once must not take from one another. */
async function writeRetries(store: Store, run: string, retries: Retries, version: string | undefined): Promise<void> {
  const [key, bytes] = [retriesKey(run), jsonBytes(retries)];
  const written = version === undefined ? store.createIfAbsent(key, bytes) : store.replace(key, bytes, version);
  if (await written) return;
  throw new CommandError(EXIT.failed, `other samples of run ${run} were opened at the same moment; try again`);
}

/** Once more: a filter's verdict on the same text would be the same, a check's on a further draw need not be. */
function opened({ draws, anew }: Retry, reason: RejectionReason): Retry {
  return isFilterReason(reason) ? { draws, anew: anew + 1 } : { draws: draws + 1, anew };
}

/** The rejected samples that are not open again already. */
async function rejectedSamples(
  store: Store,
  run: string,
  retries: Retries,
): Promise<{ id: string; reason: RejectionReason }[]> {
  const found: { id: string; reason: RejectionReason }[] = [];
  for await (const path of store.list(samplesFolder(run))) {
    const sample = await findJson(store, path, Sample);
    const { draws, anew } = retries[sample?.id ?? ''] ?? { draws: 0, anew: 0 };
    const isOpen = sample?.retry.draws !== draws || sample.retry.anew !== anew;
    // An imported text is not ours to write anew.
    if (sample?.reason && sample.origin === 'generated' && !isOpen)
      found.push({ id: sample.id, reason: sample.reason });
  }
  return found;
}

import { executeChild, getExternalWorkflowHandle, setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { PartitionWork, UnfinishedItem } from '../activities/find-unfinished.ts';
import { amountOf, type Budget } from '../domain/cost.ts';
import { childId, type Stage } from '../domain/names.ts';
import type { ProgressReport } from '../domain/progress.ts';
import { itemsDetails } from '../domain/run-details.ts';
import { addCounts, countsOf, NO_ITEMS, reasonsOf, type ItemCounts } from '../domain/tally.ts';
import { tellingStory } from './child.ts';
import { boundSignal, progressSignal } from './messages.ts';
import { pipeline } from './proxies.ts';
import { Purse } from './purse.ts';
import { inWindow, pausable, startWhenClosed } from './steps.ts';
import { batchSize, workOnCompletions } from './work-on-completions.ts';
import { workOnItem } from './work-on-item.ts';

/** The server takes 2,000 pending children of one parent and then hangs it without an error; this stays far below. */
const MAX_PARTS = 200;

/** Partitions running at once, so that the tail of one overlaps the next. */
const PARTS_AT_ONCE = 2;

/** Reports of one group of partitions to the run, about: an execution takes 10,000 signals, and its history as many events. */
export const REPORTS = 200;

export interface PartitionInput {
  readonly run: string;
  readonly revision: number;
  readonly stage: Stage;
  /** Names the partition among those of its stage, and so its workflow. */
  readonly part: string;
  readonly work: PartitionWork;
  /** Identity of the model that is asked, for completions. */
  readonly model?: string;
  readonly purpose?: 'preferences' | 'evaluation';
  /** Who is asked, for selections. */
  readonly endpoint?: 'writer' | 'judge';
  readonly offset: number;
  readonly count: number;
  /** Items of one partition at most. */
  readonly size: number;
  /** Items in progress at once. */
  readonly window: number;
  readonly maxDraws: number;
  /** Which work of the stage this is part of, and of how many items that is. */
  readonly group: { readonly name: string; readonly total: number };
  /** Items between two reports to the run. */
  readonly reportEvery: number;
  /** What may be spent, in the unit of the run's budget; no limit where absent. */
  readonly allowance?: { readonly unit: Budget['unit']; readonly amount: number };
  /** Whether parts run one at a time, so that each may use the whole of what is left. */
  readonly serial?: boolean;
}

/**
 * Works on a range of items: up to `size` of them in a window, more of them as partitions of partitions. Items that have
 * a result are found and passed over. What one item comes to never fails the others.
 */
export async function partition(input: PartitionInput): Promise<ItemCounts> {
  return input.count <= input.size ? workOnItems(input) : workOnParts(input);
}

async function workOnParts(input: PartitionInput): Promise<ItemCounts> {
  const { run, stage, allowance } = input;
  let total = NO_ITEMS;
  const nested = input.count > input.size * MAX_PARTS;
  const step = nested ? input.size * MAX_PARTS : input.size;
  const offsets = Array.from({ length: Math.ceil(input.count / step) }, (_, index) => input.offset + index * step);
  const lanes = nested || input.serial ? 1 : PARTS_AT_ONCE;
  const purse = new Purse(allowance?.amount);
  // Parts too small to report by themselves are reported by what holds them.
  const report = nested || reportsItself(input) ? undefined : reporter(input, false);
  let done = 0;
  let waiting = offsets.length;
  let running = 0;
  await inWindow(offsets, lanes, async (offset) => {
    const count = Math.min(step, input.offset + input.count - offset);
    const part = `${input.part}.${offset / step}`;
    const among = Math.min(lanes - running, waiting);
    const share = allowance && { ...allowance, amount: purse.reserveShare(part, among) };
    running++;
    waiting--;
    const counts = await startWhenClosed(() =>
      executeChild(partition, {
        workflowId: childId(run, stage, part),
        args: [{ ...input, part, offset, count, ...(share ? { allowance: share } : {}) }],
        ...tellingStory({
          ...{ run, stage, summary: `${input.work.kind} ${offset + 1} to ${offset + count}` },
          what: `Works on a range of ${input.work.kind}; what is finished is passed over.`,
          facts: { 'first item': offset + 1, items: count, 'at once': input.window },
        }),
      }),
    );
    running--;
    if (share) purse.settle(part, amountOf(counts.spending.fresh, share.unit));
    total = addCounts(total, counts);
    done += count - counts.unpaid.items;
    setCurrentDetails(itemsDetails(done, input.count, total));
    await report?.(done, total);
  });
  return total;
}

async function workOnItems(input: PartitionInput): Promise<ItemCounts> {
  const { run, revision, work, offset, count, allowance } = input;
  const purse = new Purse(allowance?.amount);
  // What the plan took is spent: it stays reserved beside what the sections may take.
  setHandler(boundSignal, ({ item, bound, spent }) => {
    if (allowance) purse.lower(item, bound + amountOf(spent, allowance.unit));
  });
  const found = await pausable(run, () =>
    pipeline.findUnfinished.executeWithOptions({ summary: `what is unfinished of ${count}` }, [
      { run, revision, work, offset, count, ...asked(input) },
    ]),
  );
  let total: ItemCounts = { ...NO_ITEMS, ...found.finished };
  const report = reportsItself(input) ? reporter(input, true) : undefined;
  let done = count - found.items.length;
  setCurrentDetails(itemsDetails(done, count, total));
  await report?.(done, total);
  const size = batchSize(input);
  const batches = Array.from({ length: Math.ceil(found.items.length / size) }, (_, index) =>
    found.items.slice(index * size, (index + 1) * size),
  );
  await inWindow(batches, Math.ceil(input.window / size), async (batch) => {
    const counts =
      batch.length === 1
        ? await workWithin(input, purse, batch[0]!)
        : (await workOnCompletions(input, batch)).map(countsOf).reduce(addCounts);
    total = addCounts(total, counts);
    done += batch.length - counts.unpaid.items;
    setCurrentDetails(itemsDetails(done, input.count, total));
    await report?.(done, total);
  });
  return total;
}

function asked({ purpose, model }: PartitionInput): Pick<PartitionInput, 'purpose' | 'model'> {
  return { ...(purpose ? { purpose } : {}), ...(model === undefined ? {} : { model }) };
}

/** Works on an item if the allowance has room for the most that it may cost. */
async function workWithin(input: PartitionInput, purse: Purse, item: UnfinishedItem): Promise<ItemCounts> {
  const { allowance } = input;
  const bound = allowance ? (item.bound ?? 0) : 0;
  if (!(await purse.reserve(item.id, bound))) return { ...NO_ITEMS, unpaid: { items: 1, least: bound } };
  const result = await workOnItem(input, item);
  purse.settle(item.id, allowance ? amountOf(result.spending.fresh, allowance.unit) : 0);
  return countsOf(result);
}

function reportsItself({ reportEvery, size }: PartitionInput): boolean {
  return reportEvery <= size;
}

/**
 * Tells the run how far a partition is, each time it has gone on by `reportEvery` items, and at its ends.
 *
 * @param isLooked whether the first report comes after looking for finished items alone, and so tells how many were found
 */
function reporter({ run, stage, part, count, group, reportEvery }: PartitionInput, isLooked: boolean) {
  let told = -1;
  let found: number | undefined;
  return async (done: number, counts: ItemCounts): Promise<void> => {
    const { words, spending } = counts;
    found ??= isLooked ? done : 0;
    const step = done === count ? Number.POSITIVE_INFINITY : Math.floor(done / reportEvery);
    if (step === told) return;
    told = step;
    const reasons = reasonsOf(counts);
    const of = { stage, group: group.name, total: group.total, part };
    const report: ProgressReport = { ...of, done, found, reasons, words, spending, detail: '' };
    await getExternalWorkflowHandle(run)
      .signal(progressSignal, report)
      .catch(() => undefined);
  };
}

import { executeChild, getExternalWorkflowHandle } from '@temporalio/workflow';
import type { PartitionWork } from '../activities/find-unfinished.ts';
import type { ItemCounts } from '../activities/stage-outcomes.ts';
import { childId, type Stage } from '../domain/names.ts';
import { failureBehind } from './failures.ts';
import { generateSample } from './generate-sample.ts';
import { progressSignal } from './messages.ts';
import { llm, pipeline } from './proxies.ts';
import { drawUntilAccepted, inWindow, pausable, startWhenClosed } from './steps.ts';

/** The server takes 2,000 pending children of one parent and then hangs it without an error; this stays far below. */
const MAX_PARTS = 200;

/** Partitions running at once, so that the tail of one overlaps the next. */
const PARTS_AT_ONCE = 2;

export interface PartitionInput {
  readonly run: string;
  readonly revision: number;
  readonly stage: Stage;
  /** Names the partition among those of its stage, and so its workflow. */
  readonly part: string;
  readonly work: PartitionWork;
  /** Identity of the served model, for completions. */
  readonly model?: string;
  readonly purpose?: 'preferences' | 'evaluation';
  readonly offset: number;
  readonly count: number;
  /** Items of one partition at most. */
  readonly size: number;
  /** Items in progress at once. */
  readonly window: number;
  readonly maxDraws: number;
}

/**
 * Works on a range of items: up to `size` of them in a window, more of them as partitions of partitions. Items that have
 * a result are found and passed over. What one item comes to never fails the others.
 */
export async function partition(input: PartitionInput): Promise<ItemCounts> {
  return input.count <= input.size ? workOnItems(input) : workOnParts(input);
}

async function workOnParts(input: PartitionInput): Promise<ItemCounts> {
  const total = new Counter();
  const nested = input.count > input.size * MAX_PARTS;
  const step = nested ? input.size * MAX_PARTS : input.size;
  const offsets = Array.from({ length: Math.ceil(input.count / step) }, (_, index) => input.offset + index * step);
  await inWindow(offsets, nested ? 1 : PARTS_AT_ONCE, async (offset) => {
    const count = Math.min(step, input.offset + input.count - offset);
    const part = `${input.part}.${offset / step}`;
    total.add(
      await startWhenClosed(() =>
        executeChild(partition, {
          workflowId: childId(input.run, input.stage, part),
          args: [{ ...input, part, offset, count }],
          staticSummary: `${input.work.kind} ${offset + 1} to ${offset + count}`,
        }),
      ),
    );
  });
  return total.counts();
}

async function workOnItems(input: PartitionInput): Promise<ItemCounts> {
  const { run, revision, work, offset, count } = input;
  const found = await pausable(run, () =>
    pipeline.findUnfinished.executeWithOptions({ summary: `what is unfinished of ${count}` }, [
      { run, revision, work, offset, count },
    ]),
  );
  const counter = new Counter();
  counter.add({ kept: found.kept, rejected: found.rejected, failed: {} });
  let done = count - found.items.length;
  const tell = () => reportProgress(input, done);
  await tell();
  // At most about fifty reports a partition, so that a run of many stays far from the history's limit.
  const every = Math.ceil(found.items.length / 50);
  await inWindow(found.items, input.window, async (item) => {
    counter.count(await workOn(input, item));
    done++;
    if (done % every === 0 || done === count) await tell();
  });
  return counter.counts();
}

/** `kept`, `rejected:<reason>` or `failed:<type>`. */
type ItemResult = { verdict: 'kept' } | { verdict: 'rejected'; reason: string } | { verdict: 'failed'; type: string };

async function workOn(input: PartitionInput, item: string): Promise<ItemResult> {
  const { run, revision, work, maxDraws } = input;
  if (work.kind === 'samples') {
    return startWhenClosed(() =>
      executeChild(generateSample, {
        workflowId: childId(run, 'sample', item),
        args: [{ run, revision, instructions: work.instructions, sample: item, maxDraws }],
        staticSummary: `sample ${item}`,
      }),
    );
  }
  const [prompt = '', completion = ''] = item.split('-');
  const reference = {
    run,
    revision,
    purpose: input.purpose ?? ('evaluation' as const),
    folder: work.folder,
    prompt,
    completion: Number(completion),
  };
  const label = `${prompt}, completion ${Number(completion) + 1}`;
  try {
    if (work.kind === 'completions') {
      const options = { summary: `ask ${label}` };
      await pausable(run, () =>
        llm('served').sampleCompletion.executeWithOptions(options, [{ ...reference, model: input.model ?? '' }]),
      );
      return { verdict: 'kept' };
    }
    return await judge(reference, label, maxDraws);
  } catch (error) {
    const behind = failureBehind(error);
    if (!behind) throw error;
    return { verdict: 'failed', type: behind.type };
  }
}

async function judge(
  reference: Omit<Parameters<ReturnType<typeof llm>['judgeCompletion']>[0], 'draw' | 'earlier' | 'last'>,
  label: string,
  maxDraws: number,
): Promise<ItemResult> {
  const earlier: string[] = [];
  const outcome = await drawUntilAccepted(maxDraws, async (draw) => {
    const options = { summary: `judge ${label}` };
    const input = { ...reference, draw, earlier: [...earlier], last: draw + 1 === maxDraws };
    const judged = await pausable(reference.run, () =>
      llm('judge').judgeCompletion.executeWithOptions(options, [input]),
    );
    if (!judged.ok) earlier.push(judged.call);
    return judged;
  });
  return outcome.ok && outcome.scored ? { verdict: 'kept' } : { verdict: 'rejected', reason: 'unscored' };
}

async function reportProgress({ run, stage, part, count }: PartitionInput, done: number): Promise<void> {
  await getExternalWorkflowHandle(run)
    .signal(progressSignal, { stage, part, done, total: count, detail: '' })
    .catch(() => undefined);
}

class Counter {
  #kept = 0;
  readonly #rejected: Record<string, number> = {};
  readonly #failed: Record<string, number> = {};

  count(result: ItemResult): void {
    if (result.verdict === 'kept') this.#kept++;
    else if (result.verdict === 'rejected') increase(this.#rejected, result.reason, 1);
    else increase(this.#failed, result.type, 1);
  }

  add({ kept, rejected, failed }: ItemCounts): void {
    this.#kept += kept;
    for (const [reason, count] of Object.entries(rejected)) increase(this.#rejected, reason, count);
    for (const [type, count] of Object.entries(failed)) increase(this.#failed, type, count);
  }

  counts(): ItemCounts {
    return { kept: this.#kept, rejected: this.#rejected, failed: this.#failed };
  }
}

function increase(counts: Record<string, number>, key: string, by: number): void {
  counts[key] = (counts[key] ?? 0) + by;
}

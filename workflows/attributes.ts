import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { Stage } from '../domain/names.ts';
import type { RunProgress } from '../domain/progress.ts';

const RUN = defineSearchAttributeKey('LwRun', 'KEYWORD');
const STAGE = defineSearchAttributeKey('LwStage', 'KEYWORD');
const STATE = defineSearchAttributeKey('LwState', 'KEYWORD');
const MODEL = defineSearchAttributeKey('LwModel', 'KEYWORD');
const DONE = defineSearchAttributeKey('LwDone', 'INT');
const TOTAL = defineSearchAttributeKey('LwTotal', 'INT');

/** Whether the namespace has our search attributes: whoever started this workflow with one has asked. */
const hasAttributes = (): boolean => workflowInfo().typedSearchAttributes.get(RUN) !== undefined;

/** The search attributes of a child of this workflow; none where the namespace does not have them. */
export function childAttributes(
  run: string,
  { stage, model }: { readonly stage: Stage; readonly model?: string },
): SearchAttributePair[] {
  if (!hasAttributes()) return [];
  return [
    { key: RUN, value: run },
    { key: STAGE, value: stage },
    ...(model === undefined ? [] : [{ key: MODEL, value: model }]),
  ];
}

/** Shows what this workflow came to in the list, where the namespace has the attribute for it. */
export function showState(state: string): void {
  if (hasAttributes()) upsertSearchAttributes([{ key: STATE, value: state }]);
}

/** The search attributes by which the list shows a firing's run before it has told anything of itself. */
export const runAttributes = (run: string): SearchAttributePair[] => [{ key: RUN, value: run }];

/** What the list shows of a run; each change is an event of its history, so counts are told once a percent. */
export class ListedState {
  readonly #run: string;
  readonly #isOn: boolean;
  #shown = '';

  /** @param isOn whether the namespace has our search attributes; setting one that it has not would hang the run */
  constructor(run: string, isOn: boolean) {
    this.#run = run;
    this.#isOn = isOn;
  }

  /** Tells the list of the stage under way, or of the last one that was. */
  show({ state, stages }: RunProgress): void {
    const current = stages.findLast((stage) => stage.state !== 'waiting' && stage.state !== 'skipped');
    if (!this.#isOn || !current) return;
    const { stage, done, total } = current;
    const percent = total === 0 ? 0 : Math.floor((100 * done) / total);
    const shown = `${stage} ${state} ${total} ${percent}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    upsertSearchAttributes([
      { key: RUN, value: this.#run },
      { key: STAGE, value: stage },
      { key: STATE, value: state },
      { key: DONE, value: done },
      { key: TOTAL, value: total },
    ]);
  }
}

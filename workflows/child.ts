import type { SearchAttributePair } from '@temporalio/common';
import type { Stage } from '../domain/names.ts';
import { factsOf } from '../domain/run-details.ts';
import { childAttributes } from './attributes.ts';

/** What the UI shows of a child: where it belongs, and what never changes of it. Never text of a prompt or a model. */
export interface ChildStory {
  readonly run: string;
  readonly stage: Stage;
  readonly model?: string;
  /** One line, for the timeline of its parent. */
  readonly summary: string;
  /** What it does, in a sentence. */
  readonly what: string;
  /** Counts, ids, fingerprints. */
  readonly facts?: Readonly<Record<string, string | number>>;
}

/** The options of a child by which the UI tells its story. */
export function tellingStory({ run, stage, model, summary, what, facts }: ChildStory): {
  readonly staticSummary: string;
  readonly staticDetails: string;
  readonly typedSearchAttributes: SearchAttributePair[];
} {
  const place = { run, stage, ...(model === undefined ? {} : { model }) };
  return {
    staticSummary: summary,
    staticDetails: factsOf(what, { ...place, ...facts }),
    typedSearchAttributes: childAttributes(run, place),
  };
}

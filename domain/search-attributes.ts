/**
 * What the UI's list can show and filter of a run and its parts, with the types that the server knows them by: `LwRun` the
 * run, `LwStage` and `LwState` what it is at, `LwModel` the model that is trained or evaluated, `LwDone` of `LwTotal` items.
 *
 * A workflow that sets one which its namespace does not have hangs without an error: whoever starts it asks first.
 */
export const SEARCH_ATTRIBUTES = {
  LwRun: 'Keyword',
  LwStage: 'Keyword',
  LwState: 'Keyword',
  LwModel: 'Keyword',
  LwDone: 'Int',
  LwTotal: 'Int',
} as const;

export type SearchAttributeName = keyof typeof SEARCH_ATTRIBUTES;

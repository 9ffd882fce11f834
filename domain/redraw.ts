import type { DrawReason } from './schemas/sample.ts';

/** How a note about a draw begins; a small model may write it into its text. */
export const REFUSED = 'Your earlier attempt was not accepted';

/** What was wrong with an attempt, and what to do; a reason without a sentence does not compile. */
const NOTES: Readonly<Record<DrawReason, { readonly wrong: string; readonly instead: string }>> = {
  'plan-unreadable': {
    wrong: 'the plan could not be read',
    instead:
      'Answer with the whole plan in exactly the form asked for, each part with a main point and a word count, and nothing else.',
  },
  'plan-sections': {
    wrong: 'the plan had the wrong number of parts',
    instead: 'Keep to the number of parts asked for.',
  },
  'plan-numbering': {
    wrong: 'the plan was not numbered in order',
    instead: 'Number its lines 1, 2, 3 and so on, without gaps or repetitions.',
  },
  'plan-words': {
    wrong: 'the word counts of the plan did not fit',
    instead: 'Keep the word count of every part within the limits, and their sum near the length of the whole text.',
  },
  'plan-language': {
    wrong: 'the plan was in the wrong language',
    instead: 'Write its main points in the language that the text is to be written in.',
  },
  'plan-truncated': {
    wrong: 'the plan was too long and was cut off',
    instead: 'Keep every main point short, so that the whole plan fits.',
  },
  'section-empty': {
    wrong: 'it held no text',
    instead: 'Write the full text of this part.',
  },
  'section-truncated': {
    wrong: 'it was too long and was cut off',
    instead: 'Keep to the word count of the plan, and bring the text to an end.',
  },
  'section-refusal': {
    wrong: 'it was a refusal instead of the text',
    instead: 'Write the text of this part itself, in a form that suits every reader.',
  },
  'section-language': {
    wrong: 'it was in the wrong language',
    instead: 'Write in the language that the writing task asks for.',
  },
  'section-leak': {
    wrong: 'it held a piece of the plan or a remark about the writing',
    instead: 'Write the text alone, without labels, word counts, openings or notes of your own.',
  },
  'section-words': {
    wrong: 'its length was too far from the plan',
    instead: 'Keep to the word count of the plan.',
  },
  'section-repetition': {
    wrong: 'it repeated itself',
    instead: 'Say every thing once, and bring the text to an end.',
  },
  'section-copy': {
    wrong: 'it repeated an earlier part of the text',
    instead: 'Write what this part adds, without repeating what is already written.',
  },
  'summary-empty': {
    wrong: 'it held no text',
    instead: 'Write the summary itself.',
  },
};

/** Two sentences for the next draw: what was wrong with the attempt before it, and what to do. */
export function redrawNote(refused: { readonly reason: DrawReason; readonly detail: string }): string {
  const { wrong, instead } = NOTES[refused.reason];
  return `${REFUSED}: ${wrong} (${refused.detail}). ${instead}`;
}

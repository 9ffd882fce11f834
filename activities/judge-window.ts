import type { RunConfig } from '../configs/schema.ts';
import { renderJudgePrompt, type JudgedText } from '../domain/judge-prompt.ts';
import { stripThinking } from '../domain/response.ts';
import { judgementSchema, parseJudgement, type RubricResult } from '../domain/rubric.ts';
import { inWindows, wordsToRead } from '../domain/windows.ts';
import { allOrFirstFailure } from './all-or-first-failure.ts';
import type { KnownCall } from './calls.ts';
import type { ActivityDeps } from './deps.ts';
import { ModelError } from './io/model/model.ts';
import { modelCall } from './model-call.ts';
import { modelIdentity, type RunReference } from './run-files.ts';
import { callParameters } from './sampling.ts';

/** Times that a window which the endpoint finds too long is halved. */
const HALVINGS = 3;

/** Words to be read above which it is halved: no judge that reads less can judge long texts. */
const HALVED_WORDS = 1000;

/** What is the same for all windows of a judgement. */
export interface Judging {
  readonly run: RunReference;
  readonly config: RunConfig;
  readonly template: string;
  readonly instruction: string;
  /** Words to be read of the whole text. */
  readonly of: number;
  readonly series: { readonly series?: string };
  /** Times that a window may be halved. */
  readonly halvings: number;
}

/** A piece of a text with what the judge said of it. */
export interface JudgedWindow {
  readonly text: string;
  readonly result: RubricResult;
  readonly calls: readonly (KnownCall & { readonly fresh: boolean })[];
}

/**
 * Has one window judged, again until the answer can be read, `judge.maxDraws` times at most. One that the endpoint finds too
 * long is judged in halves; where that does not help it stays unscored.
 * @param from words to be read before it
 */
export async function judgeWindow(
  deps: ActivityDeps,
  judging: Judging,
  text: string,
  from: number,
): Promise<JudgedWindow[]> {
  try {
    return [await drawScores(deps, judging, text, from)];
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    // Such as a provider's filter, which will say the same of this text each time.
    if (error.problem === 'BadRequest')
      return [{ text, result: { ok: false, reason: 'refused by the judge' }, calls: [] }];
    if (error.problem !== 'ContextExceeded') throw error;
    const halves = judging.halvings > 0 && wordsToRead(text) > HALVED_WORDS ? inWindows(text, 2) : [text];
    if (halves.length < 2) return [{ text, result: { ok: false, reason: 'too long for the judge' }, calls: [] }];
    return judgeWindows(deps, { ...judging, halvings: judging.halvings - 1 }, halves, from);
  }
}

/** Has windows judged at once, and waits for all of them even where one fails: none is left calling behind. */
export async function judgeWindows(
  deps: ActivityDeps,
  judging: Judging,
  windows: readonly string[],
  from = 0,
): Promise<JudgedWindow[]> {
  let words = from;
  const judged = windows.map((window) => {
    const before = words;
    words += wordsToRead(window);
    return judgeWindow(deps, judging, window, before);
  });
  return (await allOrFirstFailure(judged)).flat();
}

async function drawScores(deps: ActivityDeps, judging: Judging, text: string, from: number): Promise<JudgedWindow> {
  const { run, config, template, instruction, of, series } = judging;
  const words = wordsToRead(text);
  const part = words < of ? { part: { from: from + 1, to: from + words, of } } : {};
  const judged: JudgedText = { instruction, response: text, ...part };
  const { maxDraws, mode, sampling } = config.judge;
  const calls: JudgedWindow['calls'][number][] = [];
  let result: RubricResult = { ok: false, reason: 'no scores' };
  for (let draw = 0; draw < maxDraws && !result.ok; draw++) {
    const call = await modelCall(deps, run, 'judge', {
      model: modelIdentity(config, 'judge'),
      messages: [{ role: 'user', content: renderJudgePrompt(template, judged) }],
      parameters: callParameters(sampling, mode === 'schema' ? judgementSchema() : undefined),
      draw,
      ...series,
    });
    calls.push(call);
    result = readAnswer(config, call, `${instruction}\n${text}`);
  }
  return { text, result, calls };
}

function readAnswer(config: RunConfig, { answer }: KnownCall, read: string): RubricResult {
  const { stripThinking: strips } = config.endpoints.judge.dialect;
  const result = parseJudgement(strips ? stripThinking(answer.text) : answer.text, read);
  return !result.ok && answer.finishReason === 'length' ? { ok: false, reason: 'answer was cut' } : result;
}

/** How often a judgement may halve its windows: not where they must line up with those of other texts. */
export const halvingsOf = (byPosition: boolean): number => (byPosition ? 0 : HALVINGS);

/** Pieces that a window of so many words to be read may be judged in at most. */
export function piecesAtMost(words: number, halvings: number): number {
  if (halvings === 0 || words <= HALVED_WORDS) return 1;
  // A cut that looks for the end of a paragraph may be off the middle by a tenth.
  return 2 * piecesAtMost(0.55 * words + 1, halvings - 1);
}

import type { Colors } from 'picocolors/types.js';
import { amountOf, formatAmount, shortNumber } from '../domain/cost.ts';
import { reasonsLine, type StageProgress } from '../domain/progress.ts';
import type { RunStatus } from './run-progress.ts';
import { cutToWidth, printable, wrapToWidth } from './terminal.ts';
import { roughTime } from '../domain/rough-time.ts';

const MARKS: Readonly<Record<StageProgress['state'], string>> = {
  ...{ waiting: '·', running: '▸', done: '✓', skipped: '–', failed: '✗' },
};

/** Columns of a terminal from which a bar is drawn long. */
const WIDE = 80;

/** Lines that a message may have: what to do often stands at its end. */
const MESSAGE_LINES = 4;

/** How long a stage still takes, in seconds, by what a watcher saw; undefined where it cannot know. */
export type TimeLeft = (stage: StageProgress) => number | undefined;

/**
 * A run in lines for a terminal: state and message, what was paid, and a line for each stage with a bar and as many facts as
 * there is room for. None is wider than `width` columns.
 */
export function progressLines(run: RunStatus, width: number, colours: Colors, timeLeft: TimeLeft): string[] {
  return [
    headLine(run, width, colours),
    ...wrapToWidth(printable(run.message).replace(/\s+/g, ' '), width, MESSAGE_LINES),
    ...paidFacts(run, width),
    ...run.stages.map((stage) => stageLine(stage, width, colours, timeLeft)),
    ...wrapToWidth(run.next ?? '', width, 2),
  ];
}

/** What the workflow says; without it a mean over the whole stage: what was found, and not made, is in it. */
export function meanTimeLeft({ state, done, total, seconds, phase, secondsLeft }: StageProgress): number | undefined {
  if (secondsLeft !== undefined) return secondsLeft;
  // A training says itself how long it takes.
  if (state !== 'running' || phase !== undefined || done === 0 || total <= done || seconds <= 0) return undefined;
  return (seconds / done) * (total - done);
}

/** Follows the stages of a run: the time left is by what was done since it was first looked at, once that is enough. */
export function followTimeLeft(now: () => number = Date.now): TimeLeft {
  const first = new Map<string, { readonly at: number; readonly done: number }>();
  return (stage) => {
    const mean = meanTimeLeft(stage);
    if (mean === undefined) return undefined;
    const seen = first.get(stage.stage);
    if (!seen || seen.done > stage.done) {
      first.set(stage.stage, { at: now(), done: stage.done });
      return mean;
    }
    const seconds = (now() - seen.at) / 1000;
    const made = stage.done - seen.done;
    return seconds >= 20 && made >= 5 ? (seconds / made) * (stage.total - stage.done) : mean;
  };
}

function headLine({ run, state, elapsedSeconds }: RunStatus, width: number, colours: Colors): string {
  const text = cutToWidth([`run ${run}: ${state}`, roughTime(elapsedSeconds)].join(', '), width);
  const colour = { running: colours.cyan, completed: colours.green, paused: colours.yellow };
  return state === 'failed' || state === 'cancelled' ? colours.red(text) : colour[state](text);
}

function paidFacts({ paid, paidAtLeast, budget }: RunStatus, width: number): string[] {
  if (paid.calls === 0 && !budget) return [];
  const unit = budget?.unit ?? (paid.dollars > 0 ? 'dollars' : 'tokens');
  const of = budget ? ` of ${formatAmount(budget.amount, unit)}` : '';
  const amount = `${formatAmount(amountOf(paid, unit), unit)}${of}`;
  return [fitted(`paid ${paidAtLeast ? 'at least ' : ''}`, [amount, `${shortNumber(paid.calls)} calls`], width)];
}

function stageLine(progress: StageProgress, width: number, colours: Colors, timeLeft: TimeLeft): string {
  const { stage, state, done, total, detail } = progress;
  const head = `${MARKS[state]} ${stage.padEnd(11)} `;
  if (state === 'waiting' || state === 'skipped') return colours.dim(cutToWidth(head + state, width));
  const length = width >= WIDE ? 20 : 10;
  const share = total > 0 ? Math.min(1, done / total) : 0;
  const bar = total > 0 && width >= 30 ? `${'█'.repeat(Math.floor(share * length)).padEnd(length, '░')} ` : '';
  const facts = [...(total > 0 ? [`${done}/${total}`] : []), ...stageFacts(progress, timeLeft(progress))];
  const line = fitted(head + bar, facts.length > 0 ? facts : [printable(detail) || state], width);
  const paint = { running: colours.cyan, done: colours.green, failed: colours.red }[state];
  return line.replace(head + bar, (text) => paint(text));
}

function stageFacts(
  { state, words, spending, seconds, detail, phase, reasons }: StageProgress,
  left: number | undefined,
): string[] {
  const { dollars, promptTokens, completionTokens } = spending.used;
  const tokens = promptTokens + completionTokens;
  const cost =
    dollars > 0 ? formatAmount(dollars, 'dollars') : tokens > 0 ? `${shortNumber(tokens)} tokens` : undefined;
  const time = left === undefined ? undefined : `${roughTime(left)} left`;
  const own = detail === '' ? [] : printable(detail).replace(/\s+/g, ' ').split(/[,;] /);
  const facts = [
    // What a training is at says more than how much it counts.
    ...(phase === undefined ? [] : own),
    words > 0 ? `${shortNumber(words)} words` : undefined,
    cost,
    time,
    reasonsLine(reasons) || undefined,
    ...(phase === undefined ? own : []),
    state !== 'running' && seconds > 0 ? roughTime(seconds) : undefined,
  ];
  return facts.filter((fact) => fact !== undefined);
}

/** As many facts behind a beginning as there is room for; the first one is cut where not even it fits. */
function fitted(head: string, facts: readonly string[], width: number): string {
  let line = head;
  for (const [index, fact] of facts.entries()) {
    const longer = index === 0 ? head + fact : `${line}, ${fact}`;
    if (cutToWidth(longer, width) !== longer) return index === 0 ? cutToWidth(longer, width) : line;
    line = longer;
  }
  return line.trimEnd();
}

import { formatCost, shortNumber } from './cost.ts';
import { paidLine, reasonsLine, type RunProgress, type StageProgress } from './progress.ts';
import { roughTime } from './rough-time.ts';
import { reasonsOf, type ItemCounts } from './tally.ts';

/** The UI draws tables without borders or padding, so each cell ends in an em space. */
const PADDING = '\u2003';

/** What a user reads of a run in the UI, as Markdown: its state, a table of its stages, why items were left out, its cost. */
export function runDetails(progress: RunProgress): string {
  const { state, message, stages } = progress;
  const paid = paidLine(progress);
  return [
    `**${state}**${message === '' ? '' : `: ${message}`}`,
    '',
    row('Stage', 'State', 'Done', 'Left', 'Words'),
    row('---', '---', '---', '---', '---'),
    ...stages.map(stageRow),
    ...section(stages.flatMap(stageFacts)),
    ...section(paid === undefined ? [] : [paid]),
  ].join('\n');
}

/** What a user reads of a range of items in the UI, as Markdown. */
export function itemsDetails(done: number, count: number, counts: ItemCounts): string {
  const { kept, words, spending } = counts;
  const why = reasonsLine(reasonsOf(counts));
  return [
    row('Done', 'Kept', 'Words', 'Tokens and cost'),
    row('---', '---', '---', '---'),
    row(
      `${done} of ${count}`,
      String(kept),
      words === 0 ? '' : shortNumber(words),
      spending.used.calls === 0 ? '' : formatCost(spending.used),
    ),
    ...section(why === '' ? [] : [`Left out: ${why}`]),
  ].join('\n');
}

/** What a user reads of a training in the UI, as Markdown: its step, and loss, pace and time left as the trainer tells them. */
export function trainingDetails(done: number, total: number, detail: string): string {
  const head = total === 0 ? [] : [`**Step ${done} of ${total}**`, ''];
  return [...head, detail].join('\n');
}

/** Facts of a workflow that never change, as Markdown. */
export function factsOf(what: string, facts: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries(facts).map(([name, value]) => `- ${name}: \`${value}\``);
  return [what, '', ...lines].join('\n');
}

function stageRow({ stage, state, done, total, secondsLeft, words }: StageProgress): string {
  return row(
    state === 'running' ? `**${stage}**` : stage,
    state,
    total === 0 ? '' : `${done} of ${total}`,
    state === 'running' && secondsLeft !== undefined ? roughTime(secondsLeft) : '',
    words === 0 ? '' : shortNumber(words),
  );
}

/** What does not fit a narrow table: what the stage is at, why items were left out, tokens and cost. */
function stageFacts({ stage, state, detail, reasons, spending }: StageProgress): string[] {
  const why = reasonsLine(reasons);
  const facts = [
    ...(state === 'waiting' || detail === '' ? [] : [detail]),
    ...(why === '' ? [] : [`left out: ${why}`]),
    ...(spending.used.calls === 0 ? [] : [formatCost(spending.used)]),
  ];
  return facts.length === 0 ? [] : [`- **${stage}**: ${facts.join('; ')}`];
}

const section = (lines: readonly string[]): string[] => (lines.length === 0 ? [] : ['', ...lines]);

const row = (...cells: readonly string[]): string =>
  `| ${cells.map((cell) => (cell.startsWith('--') ? cell : `${cell}${PADDING}`)).join(' | ')} |`;

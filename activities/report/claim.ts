import {
  CLAIMS,
  isLoop,
  stopped,
  type CloserLook,
  type JudgedClaim,
  type Measured,
  type Verdict,
} from '../../domain/claim.ts';
import { isUnjudged } from '../../domain/evaluation.ts';
import type { ScoredPoint } from '../../domain/schemas/evaluation.ts';
import { drawModelLengths } from './charts.ts';
import { drawDoses, drawMeasures } from './claim-charts.ts';
import {
  ceilingTable,
  claimTable,
  doseTable,
  evaluationsOf,
  healthTable,
  lengthTable,
  paperTable,
  stepTable,
  type Cast,
} from './claim-tables.ts';
import { bucketTable } from './evaluation-tables.ts';
import { listed, whole } from './format.ts';
import { html, NOTHING, type Markup } from './html.ts';
import { judgeNote } from './judge-note.ts';
import { modelLooks } from './model-look.ts';
import { renderPage } from './page.ts';
import { figure, withScoreNames } from './parts.ts';
import { pictureFile } from './picture.ts';
import { markdownCell, plain, tableMarkdown, tableMarkup, titled, type Table } from './table.ts';

/** All that the report of the experiment tells. */
export interface ClaimReport {
  readonly measured: Measured;
  readonly claims: readonly JudgedClaim[];
  readonly closer: CloserLook;
  readonly cast: Cast;
  /** What a reader has to know before anything else, such as that the experiment was a quick one. */
  readonly note?: string;
  /** By the stages of its runs: what they took, in words. */
  readonly times: Table;
  /** Command, seeds, hashes and machine, by name. */
  readonly facts: readonly (readonly [string, string])[];
}

const TITLE = 'Does output length follow the training data?';

const QUESTION = ({ doses }: Measured): string =>
  'LongWriter’s finding is causal: how long a model writes follows the outputs that it was fine-tuned on, and long ones unlock ' +
  'a length that it had already. Here one dataset of AgentWrite is cut to several lengths, each output at the last end of a ' +
  'section, a paragraph or a sentence that fits. The same model is fine-tuned once on each, ' +
  `${sameRows(doses) ? 'on as many rows, in as many steps' : 'on numbers of rows that differ, as told below'}; ` +
  'and all of the models answer the same held-out prompts.';

const READING = [
  'Each claim is decided by one difference. It is shown where the 95 % interval of this difference lies above 0 (where a loss is ' +
    'allowed, above minus that loss), reversed where it lies below, and not shown where it holds it. Intervals resample the ' +
    'prompts: they do not hold what another seed of the data or of a training would give, and several claims are read side by ' +
    'side without a correction for that. In the first two tables n counts prompts, below them answers.',
  'Whole answers are those that ended by themselves and are no loops: in a loop fewer than half of the sequences of four words ' +
    'differ. That a model writes no longer than its longest training output is no claim here; how often it does is told below.',
  'S_l is 100 where an answer has the words that were asked for, and 0 from four times as many or a third of them on. Distinct ' +
    '4-grams are those of an answer’s sequences of four words that differ, 100 % where none comes twice. Compression is how many ' +
    'times smaller an answer becomes: the more it repeats itself, the higher. Both suffer a little from length alone.',
];

const DOSES =
  'Means with 95 % intervals. Dashed: the model before these trainings. Dotted: as long as the longest training output.';
const LENGTHS =
  'Each answer before the trainings, after SFT on the longest outputs, and after DPO. Dashed: as long as asked for.';
const TIMES =
  'From the start of a stage to its end, stops included. The run of the longest outputs goes first; the others find its calls.';
const MEASURES = 'Means with 95 % intervals, by model.';

/** The report of the experiment: one HTML file without a script. Pure: equal data gives equal bytes. */
export function renderClaim(report: ClaimReport): string {
  const { measured, claims, closer, cast } = report;
  return renderPage(
    `${TITLE} – LongWriter experiment`,
    html`<header>
        <p>LongWriter experiment</p>
        <h1>${TITLE}</h1>
      </header>
      <section>
        <h2>What it shows</h2>
        ${report.note === undefined ? NOTHING : html`<p><strong>${report.note}</strong></p>`}
        <p class="lead">${summary(claims)}</p>
        <p>${QUESTION(measured)}</p>
        ${tableMarkup(claimTable(claims, closer))}
        <p>${limitNote(measured)}</p>
        ${titled(stepTable(measured, closer))}
        <h3>How to read this</h3>
        ${READING.map((text) => html`<p>${withScoreNames(text)}</p>`)}
      </section>
      <section>
        <h2>Lengths</h2>
        <div class="pair">
          ${figure('Words written, by the longest training output', drawDoses(measured), DOSES)}
          ${figure('Required against written', drawBeforeAndAfter(measured), LENGTHS)}
        </div>
        ${titled(doseTable(measured))} ${titled(ceilingTable(measured))}
      </section>
      <section>
        <h2>Answers</h2>
        ${figure('Length scores, ends and repetition', drawMeasures(measured), MEASURES)}
        ${titled(lengthTable(measured))} ${titled(healthTable(measured))}
        ${titled(bucketTable(evaluationsOf(measured)))} ${judgeNote(evaluationsOf(measured), cast.judgeIsStandIn)}
      </section>
      <section>
        <h2>What it is not</h2>
        ${tableMarkup(paperTable(measured, cast))}
      </section>
      <section>
        <h2>How it was made</h2>
        ${tableMarkup(factTable(report))} ${titled(report.times)}
        <p>${TIMES}</p>
      </section>`,
  );
}

/** The pictures of the Markdown, by file name. */
export function drawClaimPictures(measured: Measured): Readonly<Record<string, string>> {
  return {
    'claim-doses.svg': pictureFile(drawDoses(measured)),
    'claim-lengths.svg': pictureFile(drawBeforeAndAfter(measured)),
    'claim-measures.svg': pictureFile(drawMeasures(measured)),
  };
}

/** The same as Markdown, whose pictures lie in a folder beside it. */
export function renderClaimMarkdown(report: ClaimReport, pictures: string): string {
  const { measured, claims, closer, cast } = report;
  return `${[
    `# ${TITLE}`,
    ...(report.note === undefined ? [] : [`**${report.note}**`]),
    `**${summary(claims)}**`,
    QUESTION(measured),
    tableMarkdown(claimTable(claims, closer)),
    limitNote(measured),
    tableMarkdown(stepTable(measured, closer)),
    '### How to read this',
    ...READING.map(markdownCell),
    `![Words written, by the longest training output](${pictures}/claim-doses.svg)`,
    DOSES,
    `![Required against written](${pictures}/claim-lengths.svg)`,
    LENGTHS,
    ...[doseTable(measured), ceilingTable(measured)].map(tableMarkdown),
    `![Length scores, ends and repetition](${pictures}/claim-measures.svg)`,
    MEASURES,
    ...[lengthTable(measured), healthTable(measured), bucketTable(evaluationsOf(measured))].map(tableMarkdown),
    markdownCell(judgeLine(report)),
    tableMarkdown(paperTable(measured, cast)),
    tableMarkdown(factTable(report)),
    tableMarkdown(report.times),
    TIMES,
  ].join('\n\n')}\n`;
}

function judgeLine({ measured, cast }: ClaimReport): string {
  if (isUnjudged(measured.base)) return 'Nobody was asked to judge: nothing is said of quality.';
  return cast.judgeIsStandIn
    ? 'The judge is a stand-in of 135M parameters: S_q, and S̄ with it, shows that judging works from end to end, not how good a text is.'
    : `S_q is comparable only where judge, temperature and prompt are the same: ${cast.judge}.`;
}

/** How many answers have a length that nobody chose, before, after SFT on the longest outputs and after DPO. */
function limitNote({ base, doses, dpo }: Measured): string {
  const longest = doses.at(-1)!.scores;
  const evaluations = [base, longest, dpo];
  const looks = modelLooks(evaluations.map(({ model }) => model));
  const shares = (is: (point: ScoredPoint) => boolean): string =>
    listed(
      evaluations.map(({ model, points }) => {
        return `${whole(points.filter(is).length)} of ${whole(points.length)} of ${looks.get(model)!.label}`;
      }),
    );
  return (
    `Answers that did not end by themselves: ${shares((point) => stopped(point) === 0)}. Loops: ${shares(isLoop)}. ` +
    (dpo.identity === longest.identity ? 'DPO changed nothing: its model is that of SFT.' : '')
  ).trim();
}

const sameRows = (doses: Measured['doses']): boolean => new Set(doses.map(({ rows }) => rows)).size === 1;

/** The verdicts in a few words: how many claims came out each way, and which. */
export function summary(claims: readonly JudgedClaim[]): string {
  const parts = (['shown', 'not shown', 'reversed'] as const).flatMap((verdict) => {
    const found = claims.filter((one) => one.verdict === verdict).map(({ claim }) => `“${CLAIMS[claim]}”`);
    return found.length === 0 ? [] : [`${sentence(verdict)} (${found.length} of ${claims.length}): ${listed(found)}.`];
  });
  return parts.join(' ');
}

const sentence = (verdict: Verdict): string => verdict.charAt(0).toUpperCase() + verdict.slice(1);

const drawBeforeAndAfter = ({ base, doses, dpo }: Measured): Markup =>
  drawModelLengths([base, doses.at(-1)!.scores, dpo]);

const factTable = ({ facts }: ClaimReport): Table => ({
  title: 'How it was made',
  head: ['', 'Value'],
  names: 2,
  rows: facts.map((cells) => cells.map(plain)),
});

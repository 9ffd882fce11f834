import { drawSteps } from './charts.ts';
import type { ReportData } from './data.ts';
import { counted, decimal, duration, whole } from './format.ts';
import { gatePart } from './gate-part.ts';
import { html, NOTHING, type Markup } from './html.ts';
import { absent, figure, table } from './parts.ts';
import { thin, type StepValue } from './thin.ts';

type Training = ReportData['trainings'][number];

/** Points that a curve has at most; more cannot be told apart at its width. */
const MOST_POINTS = 300;

/** The loss of each training with its numbers, and the preference pairs between them. */
export function trainingSection({ trainings, preferences }: ReportData): Markup {
  return html`<section>
    <h2>Training</h2>
    <div class="pair">
      ${(['sft', 'dpo'] as const).map((method) => {
        const training = trainings.find((one) => one.method === method);
        const name = method.toUpperCase();
        if (!training) return absent(`No ${name} model was trained in this run.`);
        const size = `${counted(training.rows, 'row')}, ${counted(training.steps, 'step')}, ${duration(training.seconds)}`;
        return training.losses.length > 0
          ? curve(method, `${name} loss`, 'loss', training.losses, size)
          : absent(`${name}: ${size}; no loss was logged.`);
      })}
    </div>
    ${trainings.some(({ losses }) => losses.length > 0) ? numbersTable(trainings) : NOTHING} ${trainings.map(gatePart)}
    ${preferences ? preferenceLine(preferences) : absent('No preference pairs were built in this run.')}
    ${rewardFigures(trainings)}
  </section>`;
}

function curve(
  method: 'sft' | 'dpo',
  title: string,
  axis: string,
  values: readonly StepValue[],
  about: string,
  range?: readonly [number, number],
): Markup {
  const { every, values: shown } = thin(values, MOST_POINTS);
  const thinned = every === 1 ? '' : ` Drawn is the mean of every ${every} steps.`;
  const steps = counted(values.length, 'logged step');
  const label = `${title} over ${steps}.`;
  return figure(title, drawSteps({ method, label, axis, values: shown, range }), `${about}; n = ${steps}.${thinned}`);
}

/** Whether the policy prefers the chosen answers, and by how much, as DPO logs it. */
function rewardFigures(trainings: readonly Training[]): Markup {
  const dpo = trainings.find(({ method }) => method === 'dpo');
  const figures = [
    ...(dpo?.accuracies
      ? [
          curve(
            'dpo',
            'DPO reward accuracy',
            'share of pairs',
            dpo.accuracies,
            'Pairs whose chosen answer has the higher reward',
            [0, 1],
          ),
        ]
      : []),
    ...(dpo?.margins
      ? [
          curve(
            'dpo',
            'DPO reward margin',
            'margin',
            dpo.margins,
            'Reward of the chosen less that of the rejected answer',
          ),
        ]
      : []),
  ];
  return figures.length === 0 ? NOTHING : html`<div class="pair">${figures}</div>`;
}

/** What stands beside the curves: a row for each fact that any training has. */
const FACTS: readonly (readonly [string, (training: Training) => string | undefined])[] = [
  ['loss at the first step', ({ losses }) => losses[0]?.value.toFixed(3)],
  ['loss at the last step', ({ losses }) => losses.at(-1)?.value.toFixed(3)],
  ['optimizer steps', ({ steps }) => whole(steps)],
  ['rows', ({ rows }) => whole(rows)],
  ['rows left out, over-long', ({ skippedRows }) => optional(skippedRows, whole)],
  ['rows cut, over-long', ({ cutRows }) => optional(cutRows, whole)],
  ['padding', ({ paddingShare }) => optional(paddingShare, (share) => `${decimal(100 * share)} %`)],
  ['tokens a second, median', ({ tokensPerSecond }) => optional(tokensPerSecond, whole)],
  ['memory at most', ({ memoryBytes }) => optional(memoryBytes, (bytes) => `${decimal(bytes / 1e9)} GB`)],
];

function numbersTable(trainings: readonly Training[]): Markup {
  const rows = FACTS.flatMap(([name, valueOf]) => {
    const values = trainings.map(valueOf);
    return values.every((value) => value === undefined) ? [] : [[name, ...values.map((value) => value ?? '–')]];
  });
  return table(['', ...trainings.map(({ method }) => method.toUpperCase())], rows);
}

function optional(value: number | undefined, write: (value: number) => string): string | undefined {
  return value === undefined ? undefined : write(value);
}

function preferenceLine(preferences: NonNullable<ReportData['preferences']>): Markup {
  const { prompts, pairs, dropped, general, generalAsked, spread } = preferences;
  const reasons = Object.entries(dropped).map(([reason, count]) => `${whole(count)} dropped (${reason})`);
  const points = (value: number) => value.toFixed(1);
  const asked = generalAsked > general ? ` (${whole(generalAsked)} were asked for)` : '';
  return html`<p>
    Preference pairs: ${[`${counted(prompts, 'prompt')} gave ${counted(pairs, 'pair')}`, ...reasons].join('; ')}. From
    rejected to chosen it is ${points(spread.median)} points at the median, ${points(spread.min)} to
    ${points(spread.max)}. Mixed in: ${counted(general, 'general pair')}${asked}.
  </p>`;
}

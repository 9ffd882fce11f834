import type { ReportData } from './data.ts';
import { counted, decimal, whole } from './format.ts';
import { html, NOTHING, type Markup } from './html.ts';
import { modelLooks } from './model-look.ts';
import { absent, withScoreNames } from './parts.ts';
import { readableText } from './readable-text.ts';

type Examples = NonNullable<ReportData['examples']>[number];

/** The worst and the best answers of each model, to be read. */
export function examplesSection({ examples = [] }: ReportData): Markup {
  const looks = modelLooks(examples.map(({ model }) => model));
  return html`<section>
    <h2>Answers to read</h2>
    <p class="note">
      By S̄ of the one answer, of those that have a score; where scores are equal, by the order of the prompts.
    </p>
    ${examples.map((one) => {
      const { label, key } = looks.get(one.model)!;
      return html`<h3><span class="key ${key}"></span>${label}</h3>
        ${
          one.best.length + one.worst.length === 0
            ? absent('No answer has a score.')
            : html`${one.best.map((answer) => example(answer, 'Best'))}
              ${one.worst.map((answer) => example(answer, 'Worst'))}`
        }`;
    })}
  </section>`;
}

function example(answer: Examples['best'][number], place: string): Markup {
  const { point, overall } = answer;
  const prompt = readableText(answer.prompt);
  const text = readableText(answer.text);
  const facts = [
    `S_l ${decimal(point.lengthScore)}, S_q ${decimal(point.qualityScore)}`,
    `${counted(point.written, 'word')} of ${whole(point.required)}`,
    point.type,
    ...(point.finishReason === 'stop' ? [] : [`ended: ${point.finishReason}`]),
  ];
  return html`<details>
    <summary>
      <strong>${place}: ${decimal(overall)}</strong> <small>${withScoreNames(facts.join(' · '))}</small>
    </summary>
    <div class="prompt" dir="auto">${prompt.text}${prompt.cut ? ' …' : ''}</div>
    ${
      text.text.trim() === ''
        ? html`<p class="absent">The answer is empty.</p>`
        : html`<div class="answer" dir="auto">${text.text}</div>`
    }
    ${text.cut ? html`<p class="note">Cut here; the whole answer is in <code>completions.jsonl</code>.</p>` : NOTHING}
  </details>`;
}

import type { DatasetEntry } from '../domain/dataset-entry.ts';
import { fateLabel } from '../domain/dataset-difference.ts';
import type { Instruction } from '../domain/schemas/instruction.ts';
import { isStale, type SampleView } from './dataset.ts';
import { columns, printable, printableLine } from './terminal.ts';

/** Characters of a text that are shown where not all of it is asked for. */
const BEGINNING = 800;

/** One sample for a terminal: what became of it and why, its instruction, plan, sections, refused draws and text. */
export function sampleLines(
  entry: DatasetEntry,
  instruction: Instruction | undefined,
  view: SampleView | undefined,
  wholeText: boolean,
): string[] {
  const documents = instruction?.documents?.length ?? 0;
  return [
    `sample ${entry.sample}: ${fateLabel(entry)}${entry.detail ? ` (${printable(entry.detail)})` : ''}`,
    ...facts(entry).map((fact) => `  ${fact}`),
    '',
    `instruction${documents > 0 ? `, with ${documents} ${documents === 1 ? 'document' : 'documents'}` : ''}`,
    ...indented(instruction?.prompt ?? '(gone: the instructions of the run do not hold it)'),
    '',
    ...(view ? viewLines(entry, view, wholeText) : [goneLine(entry)]),
  ];
}

function facts({ split, row, origin, language, required, words, lengthScore, measures }: DatasetEntry): string[] {
  const length = required === null ? 'no length required' : `${number(required)} words required`;
  return [
    ...(split === null ? [] : [`${split}, row ${number(row!)}`]),
    ...(words === null ? [length] : [`${number(words)} words, ${length}`]),
    ...(lengthScore === null ? [] : [`S_l ${lengthScore.toFixed(1)}`]),
    ...(measures === null
      ? []
      : [
          `compression ratio ${measures.compressionRatio.toFixed(2)}, repeated ${(100 * measures.repeated).toFixed(1)} %`,
        ]),
    ...(origin === null ? [] : [`${origin}, language ${language}`]),
  ];
}

function viewLines(entry: DatasetEntry, view: SampleView, wholeText: boolean): string[] {
  const text = wholeText ? view.text : view.text.slice(0, BEGINNING);
  const rest = view.text.length - text.length;
  return [
    ...(isStale(entry, view)
      ? ['! not what the dataset was made from: written before it under other settings, or anew since', '']
      : []),
    ...planLines(view),
    ...(view.refused.length === 0 ? [] : ['refused draws', ...refusedLines(view), '']),
    ...(view.summaries.length === 0 ? [] : [`summaries that stood for earlier sections: ${view.summaries.length}`, '']),
    view.text === '' ? 'no text' : 'text',
    ...(view.text === '' ? [] : indented(text)),
    ...(rest > 0 ? [`  … ${number(rest)} more characters: --text`] : []),
  ];
}

function planLines({ plan, sections }: SampleView): string[] {
  if (!plan) return [sections.length === 0 ? 'no plan' : `no plan, ${sections.length} sections`, ''];
  const rows = plan.sections.map(({ mainPoint, words }, index) => [
    index + 1,
    words,
    sections[index]?.words ?? '–',
    printableLine(mainPoint, 100),
  ]);
  return ['plan', ...columns([['', 'planned', 'written', 'main point'], ...rows]).map((line) => `  ${line}`), ''];
}

function refusedLines({ refused }: SampleView): string[] {
  return columns(refused.map(({ step, reason, call }) => [printable(step), reason, `call ${call.slice(0, 12)}`])).map(
    (line) => `  ${line}`,
  );
}

function goneLine({ verdict }: DatasetEntry): string {
  return verdict === 'failed'
    ? 'no view: the sample failed before it had a verdict'
    : 'the view of this sample is gone: its plan, sections and text cannot be shown';
}

function indented(text: string): string[] {
  return printable(text)
    .split('\n')
    .map((line) => `  ${line}`.trimEnd());
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

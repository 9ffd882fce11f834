import { stringify } from 'yaml';
import type { FilterSettings } from '../../domain/filter.ts';
import type { Split } from '../../domain/schemas/dataset.ts';
import { splitName } from '../../domain/split.ts';
import { counted, extent, meanOf, whole } from './format.ts';

/** What a dataset card tells; plain values, and no text of an instruction or a model. */
export interface DatasetCardInput {
  readonly name: string;
  /** Provider and name of the model that wrote the answers. */
  readonly writer: string;
  /** Fingerprint of everything that decides a sample: models, prompts, sampling, checks and filter. */
  readonly settings: string;
  /** `selected` is kept + rejected + failed; `general` rows were mixed in from elsewhere. */
  readonly counts: {
    readonly selected: number;
    readonly kept: number;
    readonly rejected: number;
    readonly failed: number;
    readonly general: number;
    /** General rows that the configuration asked for, where the files had fewer. */
    readonly generalAsked?: number;
  };
  /** Rows that the selection read, and how many each of its steps left out; absent where nothing was selected from. */
  readonly selection?: { readonly read: number; readonly leftOut: Readonly<Record<string, number>> };
  readonly rejected: Readonly<Record<string, number>>;
  /** Words of each kept sample. */
  readonly words: readonly number[];
  /** Words to which texts were cut, about; absent where none was. */
  readonly maxWords?: number;
  readonly filter: FilterSettings & {
    readonly contamination?: { readonly gramTokens: number } | undefined;
    readonly nearDuplicates?: { readonly threshold: number } | undefined;
  };
  /** Kept samples of each split, of those that there are. */
  readonly splits: Readonly<Partial<Record<Split, number>>>;
  /** Kept samples by language and by where they come from. */
  readonly languages: Readonly<Record<string, number>>;
  readonly origins: Readonly<Record<string, number>>;
  /** SHA-256 of the text of each prompt that was used, by its name. */
  readonly promptHashes: Readonly<Record<string, string>>;
  /** What it was made from, by name: fingerprints and store paths. */
  readonly madeFrom: Readonly<Record<string, string | readonly string[]>>;
  readonly seed: number;
  /** The licence that the owner gave. */
  readonly licence?: { readonly id: string; readonly note?: string | undefined } | undefined;
}

/** README.md of a dataset's folder, in the form that Hugging Face's hub reads. */
export function renderDatasetCard(card: DatasetCardInput): string {
  const parts = [title(card), making(card), filters(card), outcomes(card), lengths(card), files(card), limits(card)];
  return `---\n${head(card)}---\n\n${parts.join('\n\n')}\n`;
}

function head({ name, counts, languages, splits, licence, origins }: DatasetCardInput): string {
  const parquet = (Object.keys(splits) as Split[]).map((split) => ({
    split,
    path: `${splitName(name, split)}.parquet`,
  }));
  return stringify({
    pretty_name: name,
    // The rights in the instructions and the writer's terms are for the dataset's owner to settle, not for a program.
    license: licence?.id ?? 'other',
    ...(licence ? {} : { license_name: 'to-be-stated-by-the-owner' }),
    language: Object.keys(languages)
      .filter((language) => language !== 'other')
      .toSorted(),
    task_categories: ['text-generation'],
    size_categories: [sizeCategory(counts.kept + counts.general)],
    tags: ['long-form-writing', 'longwriter', ...(origins['generated'] ? ['synthetic'] : [])],
    // A repository is read by one reader: beside Parquet, a configuration of JSON Lines would not load.
    configs: [{ config_name: 'default', data_files: parquet }],
  });
}

function title({ name, counts: { kept, general, generalAsked = general }, licence }: DatasetCardInput): string {
  const fewer = generalAsked > general ? ` (${whole(generalAsked)} were asked for, and the files have no more)` : '';
  const mixed = general > 0 ? ` and ${counted(general, 'general row')}${fewer}` : '';
  return `# ${markdownText(name)}

${counted(kept, 'long text')}${mixed}, each a row \`{"messages": […]}\`: of a long text the instruction and the text.

${
  licence
    ? `**License:** ${markdownText(licence.id)}, as its owner states.${licence.note ? ` ${markdownText(licence.note)}` : ''}`
    : `**License:** not stated yet. \`other\` in the head is a placeholder: name the licence of the instructions and the terms of
the writer model (\`dataset.licence\` of the configuration) before you share this dataset.`
}`;
}

function making({ writer, settings, origins, promptHashes, madeFrom, seed }: DatasetCardInput): string {
  const { generated = 0, imported = 0 } = origins;
  const written = `By AgentWrite (LongWriter, arXiv 2408.07055): a model plans each text as a list of sections with word counts, then writes
them one after another, seeing what it has written. The text is what the model wrote; only an identifier such as
"Paragraph 3:" before a section is taken off.`;
  const brought = `${counted(imported, 'text')} came finished from files of the owner's, through the same filters.`;
  const rows: [string, string][] = [
    ...(generated > 0 ? [['writer model', markdownText(writer)] as [string, string]] : []),
    ...(generated > 0
      ? [['settings (hash of model, prompts, sampling, checks and filter)', hash(settings)] as [string, string]]
      : []),
    ...Object.entries(generated > 0 ? promptHashes : {}).map(([name, value]): [string, string] => [
      `${markdownText(name)} prompt (SHA-256)`,
      hash(value),
    ]),
    ...Object.entries(madeFrom).flatMap(([name, value]): [string, string][] =>
      // Settings in JSON stand in the tables below; here stand hashes and names.
      [value]
        .flat()
        .filter((one) => !one.startsWith('{'))
        .map((one) => [`made from: ${markdownText(name)}`, hash(one)]),
    ),
    ['seed of the order', String(seed)],
  ];
  const table = rows.map(([name, value]) => `| ${name} | ${value} |`).join('\n');
  const texts = [...(generated > 0 ? [written] : []), ...(imported > 0 ? [brought] : [])].join('\n\n');
  return `## How it was made\n\n${texts}\n\n| | |\n| --- | --- |\n${table}`;
}

function filters({ filter, rejected }: DatasetCardInput): string {
  const left = (reason: string): string => whole(rejected[reason] ?? 0);
  const off = 'off';
  const rows: [string, string, string][] = [
    ['refusal', filter.refusals ? 'on' : off, left('refusal')],
    ['too-short', `${whole(filter.minWords)} words`, left('too-short')],
    ['truncated', filter.truncated ? 'on' : off, left('truncated')],
    ['no-length', filter.requireLength ? 'on' : off, left('no-length')],
    ['length-score', filter.minLengthScore > 0 ? `S_l ${filter.minLengthScore}` : off, left('length-score')],
    [
      'compression',
      filter.maxCompressionRatio ? `at most ${filter.maxCompressionRatio} to 1` : off,
      left('compression'),
    ],
    [
      'repetition',
      filter.maxRepeated === undefined ? off : `at most ${filter.maxRepeated} of 8-grams`,
      left('repetition'),
    ],
    [
      'language-mixture',
      filter.maxForeign === undefined ? off : `at most ${filter.maxForeign} of letters`,
      left('language-mixture'),
    ],
    ['leak', filter.leaks ? 'on' : off, left('leak')],
    [
      'contamination',
      filter.contamination ? `${filter.contamination.gramTokens} tokens in a row` : off,
      left('contamination'),
    ],
    [
      'near-duplicate',
      filter.nearDuplicates ? `similarity ${filter.nearDuplicates.threshold}` : off,
      left('near-duplicate'),
    ],
  ];
  return [
    '## Filters',
    '',
    'In this order; a text is left out by the first one that it does not pass. What was given up while it was written, or is',
    'the mark of a failed call, is left out before them (section Counts).',
    '',
  ]
    .concat('| filter | threshold | left out |', '| --- | --- | ---: |')
    .concat(rows.map((row) => `| ${row.join(' | ')} |`))
    .join('\n');
}

function outcomes({ counts: { selected, kept, failed }, rejected, selection }: DatasetCardInput): string {
  const row = (name: string, count: number): string => `| ${name} | ${whole(count)} |`;
  const bold = (name: string, count: number): string => `| **${name}** | **${whole(count)}** |`;
  const chosen = selection
    ? [
        '| instructions | |',
        '| --- | ---: |',
        ...Object.entries(selection.leftOut).map(([step, count]) => row(`left out: ${markdownText(step)}`, count)),
        row('selected', selected),
        bold('read', selection.read),
        '',
      ]
    : [];
  return ['## Counts', '', ...chosen, '| samples | |', '| --- | ---: |', row('kept', kept)]
    .concat(Object.entries(rejected).map(([reason, count]) => row(`rejected: ${markdownText(reason)}`, count)))
    .concat(row('failed, without a verdict', failed), bold('selected', selected))
    .join('\n');
}

function lengths({ words, languages, maxWords }: DatasetCardInput): string {
  if (words.length === 0) return '## Length\n\nNo text was kept.';
  const sorted = words.toSorted((a, b) => a - b);
  const [shortest, longest] = extent(words);
  const by = Object.entries(languages)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([language, count]) => `${markdownText(language)} ${whole(count)}`);
  return `## Length

![Histogram of the texts' lengths](length.svg)

Words as LongBench-Write counts them (Chinese characters and runs of a-z), n = ${whole(words.length)}: mean ${whole(meanOf(words)!)},
median ${whole(sorted[Math.floor((sorted.length - 1) / 2)]!)}, shortest ${whole(shortest)}, longest ${whole(longest)}. Texts by script: ${by.join(', ')}.${
    maxWords === undefined
      ? ''
      : `

Longer texts were cut, after the filters, to at most ${whole(maxWords)} words (\`dataset.maxWords\`): at the end of a section, else of a
paragraph or sentence of the first one.`
  }`;
}

function files({ name, splits, counts: { general } }: DatasetCardInput): string {
  const rows = (Object.entries(splits) as [Split, number][]).map(
    ([split, kept]) =>
      `| ${split} | ${whole(kept + (split === 'train' ? general : 0))} | ${markdownText(splitName(name, split))} |`,
  );
  return `## Files

Each split as JSON Lines and as Parquet, with the same rows in the same order: \`load_dataset(<this folder>)\` reads the
Parquet files, \`load_dataset("json", data_files=…)\` the others. samples.jsonl says where each text stands
and what was measured, rejections.jsonl which were left out and why, manifest.json size, rows and SHA-256 of each file.

| split | rows | file |
| --- | ---: | --- |
${rows.join('\n')}`;
}

function limits({ counts: { general }, filter, origins }: DatasetCardInput): string {
  const { generated = 0, imported = 0 } = origins;
  const lines = [
    ...(generated > 0
      ? ["The texts are a model's: nobody checked their facts, and they carry the writer's faults and habits."]
      : []),
    ...(imported > 0 ? ['Who wrote the imported texts, and under which terms, is not known here.'] : []),
    filter.refusals || filter.truncated
      ? 'Refusals and cut texts are left out by rules, which can miss some and hit others.'
      : 'Texts were not searched for refusals and cut ends.',
    'S_l is the score of the paper, for which "at least" and "at most" mean the number itself.',
    'Length is words, and says nothing about quality; languages are told apart by script alone.',
    'Instructions were not checked for personal data.',
    filter.contamination
      ? 'Overlap with a benchmark is looked for word by word, in instructions and texts; a paraphrase passes.'
      : 'Texts were not checked for overlap with any benchmark.',
    ...(general > 0
      ? ['The general rows come from files of the owner; no filter and nothing above applies to them.']
      : []),
  ];
  return `## Known limits\n\n${lines.map((line) => `- ${line}`).join('\n')}`;
}

function sizeCategory(rows: number): string {
  if (rows < 1e3) return 'n<1K';
  if (rows < 1e4) return '1K<n<10K';
  if (rows < 1e5) return '10K<n<100K';
  if (rows < 1e6) return '100K<n<1M';
  return rows < 1e7 ? '1M<n<10M' : '10M<n<100M';
}

/** A name as text in a Markdown table: one line, its marks without effect. */
function markdownText(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]<>()#|~&!$:@]/g, (mark) => `&#${mark.charCodeAt(0)};`);
}

/** A hash or a store path as code. */
function hash(text: string): string {
  return `\`${text.replace(/[^\w./-]/g, '')}\``;
}

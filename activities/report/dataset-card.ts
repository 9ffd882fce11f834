import { stringify } from 'yaml';
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
  };
  readonly rejected: Readonly<Record<string, number>>;
  /** Words of each kept sample. */
  readonly words: readonly number[];
  readonly filter: { readonly minWords: number; readonly minLengthScore: number };
  /** SHA-256 of the text of each prompt that was used, by its name; where the caller knows them. */
  readonly promptHashes?: Readonly<Record<string, string>>;
  /** ISO 639-1 codes. */
  readonly languages?: readonly string[];
}

/** README.md of a dataset's folder, in the form that Hugging Face's hub reads. */
export function renderDatasetCard(card: DatasetCardInput): string {
  return `---\n${head(card)}---\n\n${[title(card), making(card), outcomes(card), lengths(card), limits(card)].join('\n\n')}\n`;
}

function head({ name, counts, languages = ['en'] }: DatasetCardInput): string {
  return stringify({
    pretty_name: name,
    // The rights in the instructions and the writer's terms are for the dataset's owner to settle, not for a program.
    license: 'other',
    language: [...languages],
    task_categories: ['text-generation'],
    size_categories: [sizeCategory(counts.kept + counts.general)],
    tags: ['long-form-writing', 'longwriter', 'synthetic'],
    configs: [{ config_name: 'default', data_files: [{ split: 'train', path: `${name}.jsonl` }] }],
  });
}

function title({ name, counts: { kept, general } }: DatasetCardInput): string {
  const mixed = general > 0 ? ` and ${counted(general, 'general row')}` : '';
  return `# ${markdownText(name)}

${counted(kept, 'long text')}${mixed}, each a row \`{"messages": [user, assistant]}\` of one training example.

**License:** not stated yet. \`other\` in the head is a placeholder: name the licence of the instructions and the terms of
the writer model before you share this dataset.`;
}

function making({ writer, settings, filter, promptHashes = {} }: DatasetCardInput): string {
  const prompts = Object.entries(promptHashes).map(
    ([name, hash]) => `\n| ${markdownText(name)} prompt (SHA-256) | \`${markdownCode(hash)}\` |`,
  );
  return `## How it was made

By AgentWrite (LongWriter, arXiv 2408.07055): a model plans each text as a list of sections with word counts, then writes
them one after another, seeing what it has written. The text is what the model wrote; only an identifier such as
"Paragraph 3:" before a section is taken off.

| | |
| --- | --- |
| writer model | ${markdownText(writer)} |
| settings (hash of model, prompts, sampling, checks and filter) | \`${markdownCode(settings)}\` |${prompts.join('')}
| words a text must have | ${whole(filter.minWords)} |
| length score (S_l) a text must have | ${filter.minLengthScore > 0 ? String(filter.minLengthScore) : 'not asked for'} |`;
}

function outcomes({ counts: { selected, kept, failed }, rejected }: DatasetCardInput): string {
  const rows = Object.entries(rejected).map(
    ([reason, count]) => `| rejected: ${markdownText(reason)} | ${whole(count)} |`,
  );
  return ['## Counts', '', '| instructions | |', '| --- | ---: |', `| kept | ${whole(kept)} |`]
    .concat(rows, `| failed, without a verdict | ${whole(failed)} |`, `| **selected** | **${whole(selected)}** |`)
    .join('\n');
}

function lengths({ words }: DatasetCardInput): string {
  if (words.length === 0) return '## Length\n\nNo text was kept.';
  const sorted = words.toSorted((a, b) => a - b);
  const [shortest, longest] = extent(words);
  return `## Length

Words as LongBench-Write counts them (Chinese characters and runs of a-z), n = ${whole(words.length)}: mean ${whole(meanOf(words)!)},
median ${whole(sorted[Math.floor((sorted.length - 1) / 2)]!)}, shortest ${whole(shortest)}, longest ${whole(longest)}.`;
}

function limits({ counts: { general } }: DatasetCardInput): string {
  return `## Known limits

- The texts are a model's: nobody checked their facts, and they carry the writer's faults and habits.
- Refusals, empty and truncated sections are left out by rules, which can miss some.
- The length filter counts words, so a text that repeats itself can pass it.
- Instructions were not checked for personal data or for overlap with any benchmark.${
    general > 0 ? '\n- The general rows come from a file of the owner; nothing above describes them.' : ''
  }`;
}

function sizeCategory(rows: number): string {
  if (rows < 1e3) return 'n<1K';
  if (rows < 1e4) return '1K<n<10K';
  if (rows < 1e5) return '10K<n<100K';
  return rows < 1e6 ? '100K<n<1M' : '1M<n<10M';
}

/** A name as text in a Markdown table: one line, its marks without effect. */
function markdownText(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]<>()#|~&!$:@]/g, (mark) => `&#${mark.charCodeAt(0)};`);
}

function markdownCode(text: string): string {
  return text.replace(/[^\w.-]/g, '');
}

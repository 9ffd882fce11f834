import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Store } from '../../activities/io/store/store.ts';
import { datasetPage, type SampleDetails } from '../../activities/report/dataset-page.ts';
import type { DatasetEntry } from '../../domain/dataset-entry.ts';
import { sectionTexts } from '../../domain/section-texts.ts';
import { datasetStore, findView, isStale, readDataset, type RunDataset } from '../dataset.ts';
import { CommandError, EXIT } from '../exit.ts';
import { loadAhead } from '../load-ahead.ts';
import { printableJson } from '../terminal.ts';

/** Views read at once; each is in memory until it is written. */
const AHEAD = 16;

/** Writes a dataset as one HTML file to browse; its texts go through one by one, so that memory does not grow with them. */
export async function writeDatasetPage(
  name: string,
  options: { readonly out?: string; readonly json?: boolean },
  store: Store = datasetStore(),
  print: (line: string) => void = console.log,
): Promise<number> {
  const dataset = await readDataset(store, name);
  const file = resolve(options.out ?? `${dataset.run}-dataset.html`);
  const details = loadAhead(dataset.entries, AHEAD, (entry) => detailsOf(store, dataset, entry));
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await pipeline(Readable.from(datasetPage(dataset, dataset.entries, details)), createWriteStream(temporary));
    await rename(temporary, file);
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (path === undefined || !path.startsWith(file)) throw error;
    throw new CommandError(EXIT.usage, `cannot write ${file} (${code})`);
  } finally {
    await rm(temporary, { force: true });
  }
  const sizeBytes = (await stat(file)).size;
  const samples = dataset.entries.length;
  if (options.json) print(printableJson({ file, samples, sizeBytes }));
  else print(`${file}: ${samples.toLocaleString('en-US')} samples, ${(sizeBytes / 1e6).toFixed(1)} MB`);
  return EXIT.done;
}

async function detailsOf(store: Store, { run, instructions }: RunDataset, entry: DatasetEntry): Promise<SampleDetails> {
  const instruction = instructions.get(entry.sample);
  const view = await findView(store, run, entry.sample);
  const told = { prompt: instruction?.prompt ?? null, documents: instruction?.documents ?? [] };
  if (!view) {
    const nothing = { plan: [], sections: [], refused: [], summaries: 0, texts: [] };
    return { ...told, ...nothing, view: entry.verdict === 'failed' ? 'none' : 'gone' };
  }
  return {
    ...told,
    view: isStale(entry, view) ? 'stale' : 'found',
    plan: (view.plan?.sections ?? []).map(({ mainPoint, words }) => ({ mainPoint, words })),
    sections: view.sections.map(({ words }) => ({ words })),
    refused: view.refused.map(({ step, reason }) => ({ step, reason })),
    summaries: view.summaries.length,
    texts: view.text === '' ? [] : textsOf(view.text, view.sections),
  };
}

function textsOf(text: string, sections: readonly { readonly words: number }[]): readonly string[] {
  return (
    sectionTexts(
      text,
      sections.map(({ words }) => words),
    ) ?? [text]
  );
}

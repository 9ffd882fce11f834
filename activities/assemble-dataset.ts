import { countBy } from '../domain/count-by.ts';
import { fingerprint } from '../domain/fingerprint.ts';
import { datasetFolder, sampleKey } from '../domain/keys.ts';
import { taskOf } from '../domain/prompts.ts';
import type { Rejection, SftRow } from '../domain/schemas/dataset.ts';
import { SftRow as SftRowSchema } from '../domain/schemas/dataset.ts';
import { Sample } from '../domain/schemas/sample.ts';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import { findManifest, writeFolder } from './folder.ts';
import { whileBeating } from './heartbeat.ts';
import { findJson, jsonLinesBytes, parseJsonLines } from './io/store/json.ts';
import { lookUpAll } from './look-ups.ts';
import { renderDatasetCard } from './report/dataset-card.ts';
import { modelIdentity, promptHashes, sampleSettings, type RunReference } from './run-files.ts';

export interface AssembleDatasetInput extends RunReference {
  readonly instructions: string;
}

/** A dataset, by its folder, with counts that add up: kept + rejected + failed = selected. */
export interface AssembledDataset {
  readonly folder: string;
  readonly fingerprint: string;
  readonly selected: number;
  readonly kept: number;
  readonly general: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly failed: number;
}

/**
 * Makes the dataset of a run from the views of its samples: training rows in a seeded order, what was left out with its
 * reason, a card, and the manifest last. Same samples, same bytes. Fails with Dataset.Empty where nothing was kept.
 */
export async function assembleDataset(deps: ActivityDeps, input: AssembleDatasetInput): Promise<AssembledDataset> {
  return whileBeating(async () => {
    const config = await deps.files.config(input);
    const instructions = [...(await deps.files.instructions(input.instructions)).values()];
    const settings = sampleSettings(config);
    const kept: { sample: Sample; row: SftRow; required?: number | undefined }[] = [];
    const rejections: Rejection[] = [];
    const samples = await lookUpAll(instructions, ({ id }) => findJson(deps.store, sampleKey(input.run, id), Sample));
    for (const [index, instruction] of instructions.entries()) {
      const sample = samples[index];
      if (sample?.settings !== settings) continue;
      if (sample.verdict === 'rejected') {
        rejections.push({ sample: sample.id, reason: sample.reason!, words: sample.words });
      } else {
        kept.push({ sample, row: sftRow(taskOf(instruction), sample.text), required: instruction.length });
      }
    }
    if (kept.length === 0) throw failure('Dataset.Empty', `no sample of ${instructions.length} was kept`);
    const general = config.dataset.general === undefined ? [] : await generalRows(deps, config.dataset.general);
    const inputs = fingerprint({
      samples: kept.map(({ sample }) => [sample.id, sample.sections.map(({ call }) => call)]),
      rejections,
      general: config.dataset.general ?? null,
      seed: config.seed,
      name: config.dataset.name,
    });
    const folder = datasetFolder(input.run, inputs.slice(0, 8));
    const rejected = countBy(rejections.map(({ reason }) => reason));
    const counts = {
      selected: instructions.length,
      kept: kept.length,
      rejected: rejections.length,
      failed: instructions.length - kept.length - rejections.length,
      general: general.length,
    };
    if ((await findManifest(deps.store, folder))?.inputs !== inputs) {
      const rows = inSeededOrder([...kept.map(({ row }) => row), ...general], config.seed);
      const words = kept.map(({ sample }) => sample.words);
      const card = renderDatasetCard({
        name: config.dataset.name,
        writer: modelIdentity(config, 'writer'),
        settings,
        promptHashes: { ...promptHashes(config) },
        counts,
        rejected,
        words,
        filter: config.filter,
      });
      await writeFolder(
        deps.store,
        folder,
        inputs,
        [
          { path: `${config.dataset.name}.jsonl`, bytes: jsonLinesBytes(rows), rows: rows.length },
          { path: 'rejections.jsonl', bytes: jsonLinesBytes(rejections), rows: rejections.length },
          {
            path: 'samples.jsonl',
            bytes: jsonLinesBytes(
              kept.map(({ sample, required }) => ({
                sample: sample.id,
                required: required ?? null,
                words: sample.words,
              })),
            ),
            rows: kept.length,
          },
          { path: 'README.md', bytes: new TextEncoder().encode(card) },
        ],
        counts,
      );
    }
    const { selected, failed } = counts;
    return { folder, fingerprint: inputs, selected, kept: kept.length, general: general.length, rejected, failed };
  });
}

function sftRow(instruction: string, text: string): SftRow {
  return {
    messages: [
      { role: 'user', content: instruction },
      { role: 'assistant', content: text },
    ],
  };
}

async function generalRows(deps: ActivityDeps, key: string): Promise<SftRow[]> {
  return parseJsonLines(key, await deps.files.text(key), SftRowSchema);
}

/** Rows by the hash of seed and content: an order that does not depend on which other rows there are. */
function inSeededOrder<T>(rows: readonly T[], seed: number): T[] {
  return rows
    .map((row) => ({ row, key: fingerprint([seed, row]) }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ row }) => row);
}

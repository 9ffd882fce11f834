import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { findJson } from '../../activities/io/store/json.ts';
import type { Store } from '../../activities/io/store/store.ts';
import { markdownKey, reportKey, scoresKey, stageKey } from '../../domain/keys.ts';
import { isModelName } from '../../domain/names.ts';
import { StageRecord } from '../../domain/schemas/run.ts';
import { datasetStore } from '../dataset.ts';
import { CommandError, EXIT } from '../exit.ts';
import { writeReleasedFiles, type ReleasedFiles } from '../released-files.ts';
import { checkRunId, findConfig } from '../runs.ts';
import { printableJson } from '../terminal.ts';

const Evaluated = z.object({
  models: z.array(z.object({ model: z.string().refine(isModelName), folder: z.string() })),
});

/**
 * Copies a run's report and scores out of the store, with the answers and judgements of each model as the released scripts
 * write them. Fails with exit code 4 where there is no such run, and with 2 where it has no report.
 */
export async function report(
  run: string,
  options: { readonly out?: string; readonly json?: boolean },
  store: Store = datasetStore(),
  print: (line: string) => void = console.log,
): Promise<number> {
  checkRunId(run);
  const frozen = await findConfig(store, run);
  if (!frozen) throw new CommandError(EXIT.noSuchRun, `there is no run ${run} in store ${store.url}`);
  if (frozen.config.training.alone)
    throw new CommandError(
      EXIT.usage,
      `run ${run} is a training alone and has no report; longwriter evaluate measures its model`,
    );
  const keys = [reportKey(run), markdownKey(run), scoresKey(run)];
  const found = await Promise.all(keys.map((key) => store.find(key)));
  const missing = keys.find((_, index) => found[index] === undefined);
  if (missing !== undefined)
    throw new CommandError(
      EXIT.usage,
      `run ${run} has no ${missing.split('/').at(-1)} yet; to make it: npm run longwriter -- resume ${run} --until report`,
    );
  const record = await findJson(store, stageKey(run, 'evaluate'), StageRecord);
  const models = record ? Evaluated.parse(record.outcome).models : [];
  const out = resolve(options.out ?? `${run}-report`);
  const copies = keys.map((key) => ({ key, file: join(out, key.split('/').at(-1)!) }));
  const released: ReleasedFiles[] = [];
  try {
    await mkdir(out, { recursive: true });
    for (const { key, file } of copies) await store.download(key, file);
    for (const model of models) released.push(await writeReleasedFiles(store, model, out));
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (path === undefined || !path.startsWith(out)) throw error;
    throw new CommandError(EXIT.usage, `cannot write ${path} (${code})`);
  }
  const files = copies.map(({ file }) => file);
  if (options.json) print(printableJson({ run, files, models: released }));
  else {
    for (const file of files) print(file);
    for (const { model, answers, judged, files: written } of released) {
      print(`${model}: ${answers} answers, ${judged} of them with scores`);
      for (const file of written) print(`  ${file}`);
    }
  }
  return EXIT.done;
}

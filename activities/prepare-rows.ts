import { join } from 'node:path';
import { fingerprint } from '../domain/fingerprint.ts';
import { rowsFolder } from '../domain/keys.ts';
import { readTrainingRow } from '../domain/schemas/training-row.ts';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import { findManifest, uploadFiles } from './folder.ts';
import { whileBeating } from './heartbeat.ts';
import { LineFileWriter } from './io/rows/line-file.ts';
import { formOf, readRows } from './io/rows/read-rows.ts';
import type { RunReference } from './run-files.ts';
import { inWorkFolder } from './work-folder.ts';

/** A store folder of rows to train on, with a manifest. */
export interface PreparedRows {
  readonly folder: string;
}

/**
 * Makes a folder as trainModel needs it of the file that a training alone was given: its rows as JSON Lines, counted. Done
 * once. Fails with Dataset.Invalid on a row that is none of the method, and Dataset.Empty.
 */
export async function prepareRows(deps: ActivityDeps, input: RunReference): Promise<PreparedRows> {
  const { alone } = (await deps.files.config(input)).training;
  if (!alone) throw failure('Config.Invalid', `run ${input.run} has no training.alone`);
  const inputs = fingerprint({ method: alone.method, data: alone.data });
  const folder = rowsFolder(input.run, inputs.slice(0, 8));
  if (await findManifest(deps.store, folder)) return { folder };
  return whileBeating((signal) =>
    inWorkFolder(deps.node.home, 'rows', async (local) => {
      const given = join(local, 'given');
      await deps.store.download(alone.data, given);
      const file = new LineFileWriter(join(local, 'rows.jsonl'));
      for await (const source of readRows(given, await formOf(given))) {
        signal.throwIfAborted();
        const read = 'problem' in source ? source : readTrainingRow(alone.method, source.value);
        if ('problem' in read) throw failure('Dataset.Invalid', `${alone.data}:${source.line}: ${read.problem}`);
        await file.write(JSON.stringify(read));
      }
      const rows = await file.close();
      if (rows === 0) throw failure('Dataset.Empty', `${alone.data} has no rows`);
      const about = { inputs, counts: { rows }, madeFrom: { data: alone.data } };
      await uploadFiles(deps.store, folder, local, [{ path: 'rows.jsonl', rows }], about);
      return { folder };
    }),
  );
}

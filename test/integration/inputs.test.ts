import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openStore } from '../../activities/io/store/open.ts';
import { readText } from '../../activities/io/store/json.ts';
import { loadConfig } from '../../configs/load.ts';
import { sha256Hex } from '../../domain/fingerprint.ts';
import { readInputs, uploadInputs } from '../../scripts/upload-inputs.ts';
import { startFakeGcsServer, type FakeGcsServer } from '../fake-gcs-server.ts';
import { missing } from '../parts.ts';

const CONFIG = 'configs/quickstart.yaml';
const ROWS = '{"prompt": "a"}\n{"prompt": "b"}\n';

describe.skipIf(missing('services'))('instructions in a bucket', () => {
  let server: FakeGcsServer;
  let local: string;
  beforeAll(async () => {
    local = await mkdtemp(join(tmpdir(), 'longwriter-gcs-inputs-'));
    server = await startFakeGcsServer();
    vi.stubEnv('STORAGE_EMULATOR_HOST', server.url);
    vi.stubEnv('TMPDIR', local);
    await server.createBucket('raw');
    await writeFile(join(local, 'rows'), ROWS);
    await openStore('gs://raw').upload('deep/rows.jsonl', join(local, 'rows'));
  });
  afterAll(async () => {
    server.stop();
    vi.unstubAllEnvs();
    await rm(local, { recursive: true, force: true });
  });

  const read = async (file: string) =>
    readInputs(await loadConfig(CONFIG, [`instructions.sources=[{file: "${file}"}]`]), CONFIG);

  test('are checked and put into the store, by what is in them; no copy of them stays', async () => {
    const { config, inputs } = await read('gs://raw/deep/rows.jsonl');
    expect(config.instructions.sources[0]).toMatchObject({
      file: `inputs/${sha256Hex(ROWS)}`,
      name: 'gs://raw/deep/rows.jsonl',
    });
    const store = openStore('gs://raw/store');
    await uploadInputs(store, inputs);
    expect(await readText(store, `inputs/${sha256Hex(ROWS)}`)).toBe(ROWS);
    expect(await readdir(local)).toEqual(['rows']);
  });

  test('that are not there, in a bucket that is not there, or broken, are one line', async () => {
    await expect(read('gs://raw/none.jsonl')).rejects.toThrow(
      /instructions.sources.0.file: gs:\/\/raw\/none.jsonl cannot be read/,
    );
    await expect(read('gs://nowhere/rows.jsonl')).rejects.toThrow(/gs:\/\/nowhere\/rows.jsonl cannot be read/);
    await writeFile(join(local, 'rows'), 'broken');
    await openStore('gs://raw').upload('broken.jsonl', join(local, 'rows'));
    await expect(read('gs://raw/broken.jsonl')).rejects.toThrow('gs://raw/broken.jsonl:1: not valid JSON');
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setInterval as every } from 'node:timers/promises';
import { jsonBytes, jsonLinesBytes, readText } from '../../activities/io/store/json.ts';
import { readEnvironment } from '../../configs/env.ts';
import { loadConfig } from '../../configs/load.ts';
import { PIPELINE_QUEUE } from '../../domain/names.ts';
import type { Manifest, SftRow } from '../../domain/schemas/dataset.ts';
import { TrainerEvent } from '../../domain/schemas/trainer.ts';
import type { trainModel } from '../../workflows/train-model.ts';
import { cpuMs } from './processes.ts';
import { Rig } from './rig.ts';

/** What one training came to, from its first step to its last. */
export interface TrainingRun {
  readonly seconds: number;
  /** Seconds of processor time of the trainer; of a watched one they are not known. */
  readonly trainerCpu: number | undefined;
  /** Seconds of processor time of the worker and of Temporal beside it. */
  readonly watcherCpu: number;
  readonly steps: number;
  readonly tokens: number;
  readonly checkpoints: number;
  /** Its job.json. */
  readonly job: string;
}

/** Milliseconds between two looks at processor times. */
const LOOK_MS = 100;

/** A training as the pipeline does it: by a worker, with events, heartbeats and every checkpoint in the store. */
export async function runWatched(model: string, rows: readonly SftRow[]): Promise<TrainingRun> {
  const rig = await Rig.start({ sections: 1, words: 1, latencyMs: 0, faults: {} });
  try {
    await rig.store.putView('data/rows.jsonl', jsonLinesBytes(rows));
    const files = [{ path: 'rows.jsonl', sizeBytes: 0, sha256: '', rows: rows.length }];
    const sizeBytes = jsonLinesBytes(rows).byteLength;
    const manifest: Manifest = { inputs: 'bench', files: files.map((file) => ({ ...file, sizeBytes })), counts: {} };
    await rig.store.putView('data/manifest.json', jsonBytes(manifest));
    const config = join(import.meta.dirname, 'training.yaml');
    await rig.freeze('bench', await loadConfig(config, []), config);
    await rig.startWorker();
    const looks = watchCpu(() => rig.cpu().worker + rig.cpu().temporal);
    const { folder } = await rig.client.workflow.execute<typeof trainModel>('trainModel', {
      taskQueue: PIPELINE_QUEUE,
      workflowId: 'bench.sft',
      args: [
        {
          run: 'bench',
          revision: 1,
          method: 'sft',
          data: 'data',
          base: { name: 'base', identity: 'bench', location: { kind: 'node', path: model } },
        },
      ],
    });
    const between = await looks.stop();
    const measured = measure(await readText(rig.store, `${folder}/events.jsonl`), between);
    const job = await readText(rig.store, `${folder}/job.json`);
    return { ...measured, trainerCpu: undefined, watcherCpu: measured.cpu, job };
  } finally {
    await rig.stop();
  }
}

/** The same job by the trainer alone, in a folder of its own. */
export async function runBare(watched: TrainingRun, rows: readonly SftRow[], folder: string): Promise<TrainingRun> {
  await mkdir(folder);
  const file = join(folder, 'rows.jsonl');
  await writeFile(file, jsonLinesBytes(rows));
  const job = JSON.stringify({ ...(JSON.parse(watched.job) as object), output_dir: folder, train_files: [file] });
  await writeFile(join(folder, 'job.json'), job);
  const { trainerPython, searchPath } = readEnvironment();
  const child = spawn(trainerPython, ['-m', 'longwriter_trainer', join(folder, 'job.json')], {
    cwd: folder,
    env: { PATH: searchPath, HOME: folder, OMP_NUM_THREADS: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (data: Buffer) => (errors = (errors + data.toString()).slice(-2000)));
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const looks = watchCpu(() => cpuMs(child.pid));
  const [code] = (await once(child, 'exit')) as [number | null];
  process.off('exit', kill);
  const between = await looks.stop();
  if (code !== 0) throw new Error(`the trainer ended with ${code}: ${errors}`);
  const measured = measure(await readFile(join(folder, 'events.jsonl'), 'utf8'), between);
  return { ...measured, trainerCpu: measured.cpu, watcherCpu: 0, job };
}

type CpuBetween = (from: number, to: number) => number;

/** Looks at a processor time again and again; `stop` gives what was used between two times, in seconds. */
function watchCpu(read: () => number): { stop(): Promise<CpuBetween> } {
  const looks: { readonly at: number; readonly cpu: number }[] = [];
  const ended = new AbortController();
  const watching = (async () => {
    for await (const _ of every(LOOK_MS, undefined, { signal: ended.signal }))
      looks.push({ at: Date.now(), cpu: read() });
  })().catch(() => undefined);
  return {
    async stop() {
      ended.abort();
      await watching;
      const cpuAt = (time: number): number => looks.findLast(({ at }) => at <= time)?.cpu ?? 0;
      return (from, to) => (cpuAt(to) - cpuAt(from)) / 1000;
    },
  };
}

function measure(text: string, cpuBetween: CpuBetween) {
  const events = text.split('\n').flatMap((line) => (line === '' ? [] : [TrainerEvent.parse(JSON.parse(line))]));
  const startOf = (phase: string): number => {
    const event = events.find((one) => one.event === 'phase-start' && one.phase === phase);
    if (!event) throw new Error(`the training has no phase ${phase}`);
    return Date.parse(event.time);
  };
  const [from, to] = [startOf('train'), startOf('save')];
  const steps = events.filter((event) => event.event === 'step-end');
  return {
    seconds: (to - from) / 1000,
    cpu: cpuBetween(from, to),
    steps: steps.length,
    tokens: Number(steps.at(-1)?.['num_tokens'] ?? 0),
    checkpoints: events.filter(({ event }) => event === 'checkpoint-saved').length,
  };
}

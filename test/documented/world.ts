import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { vi } from 'vitest';
import { endLeftovers } from '../../activities/io/process.ts';
import { PROJECT } from '../../configs/env.ts';
import { startEndpoint } from '../../scripts/bench/endpoint.ts';
import { startFakeGcsServer } from '../fake-gcs-server.ts';
import { putPairs, writeFiles } from './files.ts';
import { startFront } from './front.ts';
import { runLine, startDev, type Ended } from './shell.ts';

/** What the documented commands are run against: `longwriter dev` in a home of its own, an endpoint, a bucket, files. */
export interface World {
  /** A server of an OpenAI-compatible endpoint below /v1, and of the files. */
  readonly url: string;
  /** A configuration like the quickstart's, with a few instructions and a fast endpoint. */
  readonly config: string;
  /** Folder of a model of two layers. */
  readonly model: string;
  readonly store: string;
  readonly benchmarkHash: string;
  /** A file of the world's folder. */
  readonly file: (name: string) => string;
  /** The id of a sample of the run demo, by its beginning. */
  readonly sample: () => string;
  /** Runs a shell's line in the project's folder, until it ends or says something; `npm run` is its script, without npm's own start. */
  readonly shell: (line: string, until?: string) => Promise<Ended>;
  /** Holds the endpoint's answers back until they are released. */
  readonly hold: () => void;
  readonly release: () => void;
  /** Starts a run like demo, and waits for its end. */
  readonly start: (run: string, more: string) => Promise<unknown>;
  readonly ended: (run: string) => Promise<unknown>;
  /** Loses the store, and remembers how much was asked. */
  readonly loseStore: () => Promise<void>;
  /** Waits for a run's end; fails where it asked for anything since the store was lost. */
  readonly endedForNothing: (run: string) => Promise<void>;
  /** Ends `dev` by Ctrl-C; its exit code. */
  readonly stop: () => Promise<number | null>;
  readonly close: () => Promise<void>;
}

const KEY = 'documented-key';

/** Brings the world up; what came up ends again where something does not. */
export async function openWorld(): Promise<World> {
  const closing: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closing.toReversed()) await end();
  };
  try {
    return { ...(await bringUp(closing)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function bringUp(closing: (() => unknown)[]): Promise<Omit<World, 'close'>> {
  const folder = await mkdtemp(join(tmpdir(), 'longwriter-documented-'));
  closing.push(() => rm(folder, { recursive: true, force: true }));
  const file = (name: string): string => join(folder, name);
  const [home, model, config] = [file('home'), file('model'), file('small.yaml')];
  await mkdir(home);
  const bucket = await startFakeGcsServer();
  closing.push(() => bucket.stop());
  vi.stubEnv('STORAGE_EMULATOR_HOST', bucket.url);
  closing.push(() => vi.unstubAllEnvs());
  const endpoint = await startEndpoint({ sections: 2, words: 80, latencyMs: 0, faults: {} });
  closing.push(() => endpoint.close());
  const front = await startFront(endpoint, file);
  closing.push(() => front.close());
  const env = { ...process.env, LONGWRITER_HOME: home, OPENAI_API_KEY: KEY };
  closing.push(() => endLeftovers(join(home, 'processes'), 1000, () => undefined));
  const [dev] = await Promise.all([
    startDev(env),
    makeModel(model),
    writeFiles(file, front.url, model),
    putPairs(file('pairs.parquet')),
  ]);
  closing.push(() => dev.kill('SIGKILL'));
  const scripts = await readScripts();
  const shell: World['shell'] = (line, until) => runLine(inScripts(line, scripts), env, until);
  const watch = (run: string) => shell(`npm run longwriter -- status ${run} --watch`);
  const benchmark = await readFile(file('benchmark.jsonl'));
  let askedBefore = 0;
  return {
    ...{ config, model, file, shell },
    url: front.url,
    store: join(home, 'store'),
    benchmarkHash: createHash('sha256').update(benchmark).digest('hex'),
    sample: () => readdirSync(join(home, 'store/runs/demo/samples'))[0]!.slice(0, 6),
    hold: front.hold,
    release: front.release,
    start: async (run, more) => {
      await shell(`npm run longwriter -- start --config ${config} --run ${run} --until dataset ${more}`);
      await watch(run);
    },
    ended: watch,
    async loseStore() {
      askedBefore = endpoint.stats().requests;
      await rm(join(home, 'store'), { recursive: true });
    },
    async endedForNothing(run) {
      const { code, output } = await watch(run);
      const asked = endpoint.stats().requests - askedBefore;
      if (code !== 0 || asked !== 0) throw new Error(`run ${run} asked ${asked} times, ended with ${code}: ${output}`);
    },
    stop: () => new Promise((done) => dev.once('exit', done).kill('SIGINT')),
  };
}

async function makeModel(folder: string): Promise<void> {
  const python = join(PROJECT, '.longwriter/python/trainer/bin/python');
  const base = join(PROJECT, '.longwriter/models/smollm2-135m-instruct');
  await promisify(execFile)(python, [join(PROJECT, 'test/fixtures/small-model.py'), base, folder]);
}

type Scripts = Readonly<Record<string, string>>;

async function readScripts(): Promise<Scripts> {
  const { scripts } = JSON.parse(await readFile(join(PROJECT, 'package.json'), 'utf8')) as { scripts: Scripts };
  return scripts;
}

/** A line with the script itself in the place of `npm run`, which takes half a second to start. */
function inScripts(line: string, scripts: Scripts): string {
  return line.replace(/\bnpm run ([\w:]+)(?: --)?/, (_, name: string) => scripts[name] ?? `no script ${name}`);
}

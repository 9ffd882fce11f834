import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT, readEnvironment } from '../../configs/env.ts';
import { ledgerFolder, sampleKey } from '../../domain/keys.ts';
import { Rig } from './rig.ts';

/** What one command took, the median of some times. */
export interface CommandResult {
  readonly command: string;
  readonly seconds: number;
  /** Against the first command, node alone. */
  readonly ratio: number;
  readonly exitCode: number;
}

const TIMES = 7;
const CALLS_OF_A_SAMPLE = 13;
const RUN = 'bench';

const COMMAND = ['--import', 'tsx', join(PROJECT, 'scripts/longwriter.ts')];

/**
 * How long the command takes to say something, beside node and what reads TypeScript alone.
 * @yields a command at a time
 */
export async function* measureStart(): AsyncGenerator<CommandResult> {
  const folder = await mkdtemp(join(tmpdir(), 'longwriter-bench-'));
  try {
    const empty = join(folder, 'empty.mjs');
    await writeFile(empty, '');
    const node = await measure('node, nothing', [empty], {});
    yield node;
    for (const [name, args] of [
      ['tsx, nothing', ['--import', 'tsx', empty]],
      ['longwriter --help', [...COMMAND, '--help']],
      ['longwriter start --help', [...COMMAND, 'start', '--help']],
      ['longwriter.mjs --help', [join(PROJECT, 'scripts/longwriter.mjs'), '--help']],
      ['longwriter stauts', [...COMMAND, 'stauts']],
    ] as const)
      yield measure(name, args, {}, node);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * How long `status` takes against a run under way, with so many samples and thirteen calls of each in its ledger.
 * @yields a command at a time
 */
export async function* measureStatus(samples: number): AsyncGenerator<CommandResult> {
  const rig = await Rig.start({ sections: 5, words: 200, latencyMs: 60_000, faults: {} });
  try {
    const env = { LONGWRITER_HOME: rig.home, TEMPORAL_ADDRESS: rig.address };
    await rig.startWorker();
    const { ended } = await rig.startRun(RUN, 8, []);
    ended.catch(() => undefined);
    await fillStore(rig.home, samples);
    const status = [...COMMAND, 'status', RUN];
    const node = await measure('node, nothing', ['-e', '0'], env);
    yield node;
    yield measure('status, a worker lives', status, env, node);
    yield measure('status --json, a worker lives', [...status, '--json'], env, node);
    await rig.stopWorker('SIGKILL');
    yield measure('status, the worker was just killed', status, env, node);
    yield measure('status of all runs', [...COMMAND, 'status'], env, node);
    await rig.client.workflow.getHandle(RUN).terminate();
    yield measure('status, ended and no worker', status, env, node);
  } finally {
    await rig.stop();
  }
}

/** A ledger and views as a run of so many samples leaves them. */
async function fillStore(home: string, samples: number): Promise<void> {
  const ledger = join(home, 'store', ledgerFolder(RUN), 'openai%2Fbench');
  await mkdir(ledger, { recursive: true });
  await mkdir(join(home, 'store', sampleKey(RUN, 'x'), '..'), { recursive: true });
  for (let sample = 0; sample < samples; sample++) {
    const id = createHash('sha256').update(String(sample)).digest('hex');
    await writeFile(join(home, 'store', sampleKey(RUN, id.slice(0, 16))), '{}');
    for (let call = 0; call < CALLS_OF_A_SAMPLE; call++) {
      const name = createHash('sha256').update(`${sample} ${call}`).digest('hex').slice(0, 32);
      await writeFile(join(ledger, `${name}-${1000 + call}-0-${800 + call}`), '');
    }
  }
}

async function measure(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  node?: CommandResult,
): Promise<CommandResult> {
  const times: number[] = [];
  let exitCode = 0;
  for (let time = 0; time < TIMES; time++) {
    const startedAt = performance.now();
    exitCode = await run(args, env);
    times.push((performance.now() - startedAt) / 1000);
  }
  const seconds = times.toSorted((a, b) => a - b)[Math.floor(TIMES / 2)]!;
  return { command, seconds, ratio: node ? seconds / node.seconds : 1, exitCode };
}

function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { searchPath } = readEnvironment();
  return new Promise((done) => {
    execFile(process.execPath, args, { cwd: PROJECT, env: { PATH: searchPath, ...env } }, (error) =>
      done(typeof error?.code === 'number' ? error.code : error ? -1 : 0),
    );
  });
}

import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { EndpointStats } from '../../scripts/bench/endpoint.ts';
import { Rig } from '../../scripts/bench/rig.ts';
import { missing } from '../parts.ts';

const SAMPLES = 24;
const CALLS = SAMPLES * 6;
const KILLS = 20;
const RUN = 'bench';
const SETTINGS = { sections: 5, words: 120, latencyMs: 150, faults: {} };
const OVERRIDES = ['endpoints.writer.limits.inFlight=4', 'generation.window=8'];

describe.skipIf(missing('services'))('a run whose processes are killed', () => {
  const rigs: Rig[] = [];
  afterEach(async () => {
    for (const rig of rigs.splice(0)) await rig.stop();
  });
  const startRig = async (): Promise<Rig> => {
    const rig = await Rig.start(SETTINGS);
    rigs.push(rig);
    return rig;
  };

  /** Every file of the run's dataset, by path, with the hash of its bytes. */
  async function dataset({ store }: Rig): Promise<Record<string, string>> {
    const files: Record<string, string> = {};
    for await (const path of store.list(`runs/${RUN}/dataset`)) {
      files[path] = createHash('sha256')
        .update((await store.find(path))!)
        .digest('hex');
    }
    return files;
  }

  async function undisturbed(): Promise<Record<string, string>> {
    const rig = await startRig();
    await rig.startWorker();
    await (
      await rig.startRun(RUN, SAMPLES, OVERRIDES)
    ).ended;
    expect(await rig.stats()).toMatchObject({ requests: CALLS, paidAgain: 0 });
    return dataset(rig);
  }

  test('20 kills of the worker at random moments change no byte of the dataset, and repeat at most what was in flight', async () => {
    const rig = await startRig();
    await rig.startWorker();
    const { ended } = await rig.startRun(RUN, SAMPLES, OVERRIDES);
    let inFlight = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const start = await rig.stats();
      await sleep(pseudoRandom(kill) * 900);
      const before = await rig.stats();
      // An answer is in flight until it is stored, which takes the worker a moment.
      await sleep(50);
      await rig.stopWorker('SIGKILL');
      inFlight += accepted(await rig.stats()) - accepted(start) - (before.answered - start.answered);
      await rig.startWorker();
    }
    await ended;
    const stats = await rig.stats();
    expect(stats.questions).toBe(CALLS);
    expect(stats.paidAgain).toBeLessThanOrEqual(inFlight);
    expect((await rig.generated(RUN))!.counts).toMatchObject({ kept: SAMPLES, rejected: {}, failed: {} });
    const files = await dataset(rig);
    await rig.stop();
    rigs.splice(0);
    expect(files).toEqual(await undisturbed());
  });

  test('kills of the Temporal server are noticed by nobody: the run goes on, and no finished call is repeated', async () => {
    const rig = await startRig();
    await rig.startWorker();
    const { ended } = await rig.startRun(RUN, SAMPLES, OVERRIDES);
    // Who waits for the result may lose its connection; the run itself is looked at.
    ended.catch(() => undefined);
    for (const share of [0.2, 0.5, 0.8]) {
      while ((await rig.stats()).questions < share * CALLS) await sleep(20);
      await rig.killTemporal();
    }
    while (!(await rig.generated(RUN))) await sleep(200);
    // A client that is closed while it asks again throws where nobody can catch it.
    await Promise.allSettled([ended]);
    expect(await rig.stats()).toMatchObject({ questions: CALLS, paidAgain: 0 });
    expect((await rig.generated(RUN))!.counts).toMatchObject({ kept: SAMPLES, rejected: {}, failed: {} });
  });
});

/** Calls that a provider would bill. */
const accepted = ({ questions, paidAgain }: EndpointStats): number => questions + paidAgain;

/** A number from 0 to 1, the same in every run of the test. */
function pseudoRandom(index: number): number {
  return createHash('sha256').update(`kill ${index}`).digest().readUInt32LE(0) / 2 ** 32;
}

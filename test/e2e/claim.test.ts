import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endLeftovers } from '../../activities/io/process.ts';
import { PROJECT } from '../../configs/env.ts';
import { CLAIMS } from '../../domain/claim.ts';
import { missing } from '../parts.ts';

interface Written {
  readonly claims: readonly { readonly claim: string; readonly verdict: string }[];
  readonly doses: readonly { readonly model: string; readonly longest: number; readonly rows: number }[];
}

describe.skipIf(missing('services') || missing('trainer') || missing('base-model'))(
  'npm run experiment -- claim',
  () => {
    let home: string;
    beforeAll(async () => {
      home = await mkdtemp(join(tmpdir(), 'longwriter-claim-'));
    });
    afterAll(async () => {
      await endLeftovers(join(home, 'processes'), 5000, () => undefined);
      await rm(home, { recursive: true, force: true });
    });

    function start(maxWords = '100,300'): { child: ChildProcess; ended: Promise<number | null>; output: () => string } {
      const args = ['--import', 'tsx', 'scripts/experiment/experiment.ts', 'claim', '--max-words', maxWords];
      const small = ['--config', 'test/e2e/tiny.yaml', '--set', 'instructions.limit=3', '--out', join(home, 'out')];
      const env = { ...process.env, LONGWRITER_HOME: home };
      const child = spawn(process.execPath, [...args, ...small], { cwd: PROJECT, env });
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (data: Buffer) => (output += data.toString()));
      return { child, ended: new Promise((done) => child.once('close', done)), output: () => output };
    }
    const file = (name: string): string => readFileSync(join(home, 'out', name), 'utf8');

    test('killed in a training and started again, it ends in verdicts, with both trainings on the same rows', async () => {
      const first = start();
      while (!first.output().includes('sft         running') && first.child.exitCode === null)
        await new Promise((done) => setTimeout(done, 200));
      expect(first.output()).toContain('sft         running');
      first.child.kill('SIGKILL');
      await first.ended;
      expect(first.child.signalCode).toBe('SIGKILL');

      const second = start();
      expect(await second.ended, second.output()).toBe(0);
      const { claims, doses } = JSON.parse(file('claim.json')) as Written;
      expect(claims.map(({ claim }) => claim)).toEqual(Object.keys(CLAIMS));
      const [short, long] = doses as [Written['doses'][0], Written['doses'][0]];
      expect([short.model, long.model]).toEqual(['sft-100', 'sft-300']);
      expect(long.rows).toBe(short.rows);
      expect(long.longest).toBeGreaterThan(short.longest);
      for (const { claim, verdict } of claims) {
        expect(second.output()).toContain(CLAIMS[claim as keyof typeof CLAIMS]);
        const row = file('claim.md')
          .split('\n')
          .find((line) => line.startsWith(`| ${CLAIMS[claim as keyof typeof CLAIMS]}`));
        expect(row).toMatch(new RegExp(`^[^|]*\\|[^|]*\\| ${verdict}\\b`));
      }
      expect(file('claim.md')).toContain('](./claim-doses.svg)');
      expect(file('claim-doses.svg')).toMatch(/^<svg [^>]*xmlns=/);
      expect(file('claim.html')).toContain('Does output length follow the training data?');

      // What it was made with: seeds, hashes of data and models, counts and times.
      const text = file('claim.md');
      for (const model of ['base', 'sft-100', 'sft-300', 'dpo'])
        expect(text).toMatch(new RegExp(`\\| weights of ${model}, SHA-256 \\| [0-9a-f]{64} \\|`));
      expect(text).toMatch(/\| rows of claim-300, SHA-256 \| [0-9a-f]{64} \|/);
      expect(text).toMatch(/\| SFT of sft-300 \| \d rows?, \d steps?, \d rows? cut \|/);
      expect(text).toMatch(/\| samples \| \d kept of 3; left out: /);
      expect(text).toMatch(/\| claim-300 \|( [\d.]+ (s|min[^|]*) \|){6} – \| – \|/);

      // Runs like any others.
      const runs = readdirSync(join(home, 'store/runs')).toSorted();
      expect(runs).toEqual(['claim-100', 'claim-300', 'claim-scores']);
    });

    test('started again after that, it makes nothing anew', async () => {
      const before = file('claim.json');
      const again = start();
      expect(await again.ended, again.output()).toBe(0);
      expect(file('claim.json')).toBe(before);
      expect(again.output()).not.toContain('Temporal');
    });

    test('of other lengths, it wants another name before anything is trained', async () => {
      const other = start('100,200,300');
      expect(await other.ended).toBe(2);
      expect(other.output()).toContain(
        'run claim-scores measured base, sft-100, sft-300, dpo; for base, sft-100, sft-200',
      );
    });
  },
);

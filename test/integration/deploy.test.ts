import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { PROJECT } from '../../configs/env.ts';
import { ROLES } from '../../workers/run-worker.ts';
import { missing } from '../parts.ts';

const run = promisify(execFile);
const MANIFEST = join(PROJECT, 'docs/deploy/kubernetes/workers.yaml');

describe.skipIf(missing('systemd'))('the units of systemd', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-units-'));
    await cp(join(PROJECT, 'docs/deploy/systemd'), folder, { recursive: true });
    // A program must be there to be found valid, and this machine may have its Node.js elsewhere.
    const unit = join(folder, 'longwriter-worker@.service');
    const text = (await readFile(unit, 'utf8')).replace('/usr/bin/node', process.execPath);
    // With the drop-in of its role as an instance of its own, which is all that is looked at by name.
    const instances = ['llm', 'gpu'].map((role) => join(folder, `longwriter-worker@${role}.service`));
    for (const file of [unit, ...instances]) await writeFile(file, text);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** What systemd has to say of them; it names an unknown key and goes on. */
  async function verify(): Promise<string> {
    const units = (await readdir(folder)).filter((name) => /\.(?:service|target)$/.test(name));
    const args = ['verify', '--man=no', ...units.map((name) => join(folder, name))];
    const { stdout, stderr } = await run('systemd-analyze', args).catch(
      (error: unknown) => error as { stdout: string; stderr: string },
    );
    return stdout + stderr;
  }

  test('are valid', async () => {
    expect(await verify()).toBe('');
  });

  test('are looked at key by key', async () => {
    await writeFile(join(folder, 'wrong.service'), '[Service]\nExecStart=/bin/true\nKillMoode=mixed\n');
    expect(await verify()).toContain('KillMoode');
    await rm(join(folder, 'wrong.service'));
    const dropIn = join(folder, 'longwriter-worker@gpu.service.d/wrong.conf');
    await writeFile(dropIn, '[Service]\nKillMoode=process\n');
    expect(await verify()).toContain('KillMoode');
    await rm(dropIn);
  });

  test('give each role time to end what it began', async () => {
    const unit = await readFile(join(folder, 'longwriter-worker@.service'), 'utf8');
    expect(unit).toContain('longwriter.ts worker %i $LONGWRITER_WORKER\n');
    expect(unit).toMatch(/KillMode=mixed\nTimeoutStopSec=\d{3}\n/);
  });

  test('call a served model on the node that serves it, and hand keys to the role that needs them', async () => {
    const told = async (file: string) => {
      const text = await readFile(join(folder, file), 'utf8');
      return {
        told: /^Environment="LONGWRITER_WORKER=(.*)"$/m.exec(text)?.[1],
        hasKeys: text.includes('LoadCredential='),
      };
    };
    expect(await told('longwriter-worker@llm.service.d/keys.conf')).toEqual({
      told: '--endpoint writer --endpoint judge',
      hasKeys: true,
    });
    expect(await told('longwriter-worker@gpu.service.d/trainer.conf')).toEqual({
      told: 'llm --endpoint served',
      hasKeys: false,
    });
    expect(await told('longwriter-worker@.service')).toEqual({ told: undefined, hasKeys: false });
  });

  test('leave a trainer alone, which outlives its worker', async () => {
    const dropIn = await readFile(join(folder, 'longwriter-worker@gpu.service.d/trainer.conf'), 'utf8');
    expect(dropIn).toMatch(/^KillMode=process$/m);
    expect(dropIn).toMatch(/^PrivateTmp=no$/m);
  });
});

interface Manifest {
  readonly kind: string;
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly securityContext: object;
        readonly containers: readonly { readonly command: readonly string[] }[];
      };
    };
  };
}

describe.skipIf(missing('kubernetes-validate'))('the manifest for Kubernetes', () => {
  const validate = (file: string) =>
    run(join(PROJECT, '.longwriter/python/trainer/bin/python'), ['-m', 'kubernetes_validate', '--strict', file]);

  test('fits the schemas of Kubernetes, in which nothing unknown passes', async () => {
    await validate(MANIFEST);
    const folder = await mkdtemp(join(tmpdir(), 'longwriter-manifest-'));
    const wrong = join(folder, 'wrong.yaml');
    await writeFile(wrong, (await readFile(MANIFEST, 'utf8')).replace('livenessProbe:', 'liveProbe:'));
    await expect(validate(wrong)).rejects.toMatchObject({ stdout: expect.stringContaining('liveProbe') });
    await rm(folder, { recursive: true, force: true });
  });

  test('has a deployment for each role, not as root, with probes, limits and time to end', async () => {
    const documents = parseAllDocuments(await readFile(MANIFEST, 'utf8')).map((one) => one.toJS() as Manifest);
    const deployments = documents.filter(({ kind }) => kind === 'Deployment');
    const roles = deployments.map(({ spec }) => {
      const { containers, securityContext, terminationGracePeriodSeconds } = spec.template.spec;
      expect(securityContext).toMatchObject({ runAsNonRoot: true });
      expect(terminationGracePeriodSeconds).toBeGreaterThanOrEqual(120);
      expect(containers).toMatchObject([
        {
          livenessProbe: {},
          readinessProbe: {},
          startupProbe: {},
          resources: { limits: { memory: expect.anything() } },
        },
      ]);
      const { command } = containers[0]!;
      // Where the end of the first process ends all, a trainer has to be told before.
      expect(command.includes('--end-jobs')).toBe(command.includes('gpu'));
      return command[5];
    });
    expect(roles).toEqual([...ROLES]);
  });
});

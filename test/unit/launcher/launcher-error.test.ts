import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { toFailure } from '../../../activities/failures.ts';
import { LauncherError } from '../../../activities/io/launcher/launcher.ts';
import { openLauncher } from '../../../activities/io/launcher/open.ts';
import { LauncherSettings } from '../../../configs/training.ts';

test.each([
  ['Refused', true],
  ['Unavailable', true],
  ['Unreachable', false],
] as const)('a launcher that is %s is a failure of that name', (problem, nonRetryable) => {
  const failure = toFailure(new LauncherError(problem, 'why'), 1);
  expect(failure).toMatchObject({ type: `Launcher.${problem}`, message: 'why', nonRetryable });
});

test('a worker without Slurm’s commands says where it should run', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'longwriter-no-slurm-'));
  vi.stubEnv('PATH', folder);
  try {
    const submitted = openLauncher(LauncherSettings.parse({ kind: 'slurm' }), folder).submit({
      id: 'r.sft.x',
      folder,
      command: ['true'],
    });
    await expect(submitted).rejects.toMatchObject({ problem: 'Unavailable' });
    await expect(submitted).rejects.toThrow(/squeue is not on this worker; run it where .* login node/);
  } finally {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  }
});

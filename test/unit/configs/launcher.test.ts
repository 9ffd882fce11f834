import { describe, expect, test } from 'vitest';
import { LauncherSettings } from '../../../configs/training.ts';

const issuesOf = (settings: object): string =>
  LauncherSettings.safeParse({ kind: 'slurm', ...settings })
    .error!.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    .join('; ');

describe('the Slurm launcher', () => {
  test('takes further options of sbatch', () => {
    const options = ['--account=x', '--exclusive', '--nice=100', '--constraint=a100', '--export=NONE'];
    expect(LauncherSettings.parse({ kind: 'slurm', options })).toMatchObject({
      timeLimitMinutes: 1440,
      signalSeconds: 300,
    });
  });

  test.each(['--job-name=x', '--dependency=afterok:3', '--output=x', '-Jx', '--array=1-3', '--signal=TERM', '--wait'])(
    'keeps %s to itself',
    (option) => expect(issuesOf({ options: [option] })).toMatch(/^options.0: the launcher sets this option itself/),
  );

  test('takes no option that is none', () => {
    expect(issuesOf({ options: ['account=x'] })).toContain('expected an option of sbatch');
  });

  test('does not tell a job to save before it begins', () => {
    expect(issuesOf({ timeLimitMinutes: 5 })).toMatch(/^signalSeconds: expected less than timeLimitMinutes/);
    expect(LauncherSettings.safeParse({ kind: 'slurm', timeLimitMinutes: 5, signalSeconds: 299 }).success).toBe(true);
  });
});

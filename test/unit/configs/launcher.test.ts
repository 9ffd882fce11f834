import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig, parseConfig } from '../../../configs/load.ts';
import { LauncherSettings } from '../../../configs/training.ts';

const issuesOf = (settings: object): string =>
  LauncherSettings.safeParse({ kind: 'slurm', ...settings })
    .error!.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    .join('; ');

test('the configuration that docs/operations.md shows is one', async () => {
  const [, shown = ''] = /```yaml\n(.*?)```/s.exec(readFileSync('docs/operations.md', 'utf8')) ?? [];
  const config = await loadConfig('configs/longwriter-6k.yaml');
  const { training, serving } = parse(shown) as Record<string, object>;
  const merged = {
    ...config,
    training: { ...config.training, ...training },
    serving: { ...config.serving, ...serving },
  };
  const parsed = parseConfig(merged, 'docs/operations.md');
  expect(parsed.training.launcher).toMatchObject({ kind: 'slurm', signalSeconds: 600, timeLimitMinutes: 1440 });
  expect(parsed.serving.launcher).toMatchObject({ kind: 'slurm', gres: 'gpu:1' });
});

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

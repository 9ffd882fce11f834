import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../configs/env.ts';

/** Parts of the machine that some tests need, where each is looked for, and how it gets there. */
const PARTS = {
  services: { path: join(PROJECT, '.longwriter/python/services/bin/python'), install: 'npm run setup' },
  trainer: { path: join(PROJECT, '.longwriter/python/trainer/bin/python'), install: 'npm run setup' },
  'base-model': {
    path: join(PROJECT, '.longwriter/models/smollm2-135m-instruct/config.json'),
    install: 'npm run setup',
  },
  chromium: { path: '/usr/bin/chromium', install: 'apt-get install chromium' },
  systemd: { path: '/usr/bin/systemd-analyze', install: 'apt-get install systemd' },
  'kubernetes-validate': {
    path: join(PROJECT, '.longwriter/python/trainer/bin/kubernetes-validate'),
    install: 'npm run setup',
  },
  slurm: { path: '/usr/sbin/slurmctld', install: 'apt-get install slurm-wlm munge' },
  'longbench-write': {
    path: join(PROJECT, '../shared/data/longbench-write/longbench_write.jsonl'),
    install: 'put the official benchmark files into ../shared/data/longbench-write',
  },
} as const;

export type Part = keyof typeof PARTS;

/**
 * Whether a part is missing, for `describe.skipIf(missing('trainer'))`: it is listed with how to install it, and where
 * LONGWRITER_REQUIRE names it (a comma-separated list, or `all`) a missing part is an error instead.
 */
export function missing(part: Part): boolean {
  const { path, install } = PARTS[part];
  if (existsSync(path)) return false;
  const required = (process.env['LONGWRITER_REQUIRE'] ?? '').split(',');
  const line = `${part} is missing; to run its tests: ${install}`;
  if (required.includes(part) || required.includes('all')) throw new Error(line);
  console.warn(`skipped: ${line}`);
  return true;
}

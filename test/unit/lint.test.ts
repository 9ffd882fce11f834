import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT } from '../../configs/env.ts';

/** Lines that a folder must not hold, and lines that it may; each becomes a file of its own. */
const TABLE: Record<string, { readonly never: readonly string[]; readonly may: readonly string[] }> = {
  'domain/': {
    never: [
      "import 'node:fs';",
      "import 'fs';",
      "import '@temporalio/common';",
      "import 'zod';",
      "import 'openai';",
      "import '../configs/schema.ts';",
      "import type { RunConfig } from '../configs/schema.ts';",
      "import type { Deps } from '../activities/deps.ts';",
      "export * from '../workflows/messages.ts';",
      "await import('node:fs');",
      'export const now = Date.now();',
      'export const now = new Date();',
      'export const draw = Math.random();',
      'export const { random } = Math;',
      "export const key = process.env['KEY'];",
      "export const answer = fetch('http://127.0.0.1');",
    ],
    may: [
      "import './names.ts';",
      "import type { Sample } from './schemas/sample.ts';",
      "import '@noble/hashes/sha2.js';",
      "import 'canonicalize';",
      "import 'pure-rand/distribution/uniformInt';",
    ],
  },
  'domain/schemas/': {
    never: ["import 'node:fs';", "import '../../configs/schema.ts';", "import '@temporalio/common';", "import 'yaml';"],
    may: ["import 'zod';", "import '../names.ts';", "import './call.ts';"],
  },
  'configs/': {
    never: [
      "import '@temporalio/client';",
      "import '../activities/deps.ts';",
      "import type { Deps } from '../activities/deps.ts';",
      "import '../workflows/messages.ts';",
      "import '../workers/deps.ts';",
      "import '../scripts/runs.ts';",
      "import 'openai';",
      "export const key = process.env['KEY'];",
    ],
    may: ["import '../domain/names.ts';", "import '../domain/schemas/call.ts';", "import 'zod';", "import 'node:fs';"],
  },
  'workflows/': {
    never: [
      "import 'node:fs';",
      "import 'zod';",
      "import '@temporalio/client';",
      "import '@temporalio/activity';",
      "import { Deps } from '../activities/deps.ts';",
      "import { RunConfig } from '../configs/schema.ts';",
      "export { failure } from '../activities/failures.ts';",
      "import type { Store } from '../activities/io/store/store.ts';",
      "import type { Runs } from '../scripts/runs.ts';",
      "import type { Options } from '../workers/run-worker.ts';",
      "import type { z } from 'zod';",
      "import '../workers/deps.ts';",
      "export const key = process.env['KEY'];",
    ],
    may: [
      "import '@temporalio/workflow';",
      "import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';",
      "import '../domain/schemas/run.ts';",
      "import './messages.ts';",
      "import type { Deps } from '../activities/deps.ts';",
      "import type { RunConfig } from '../configs/schema.ts';",
    ],
  },
  'activities/': {
    never: [
      "import 'openai';",
      "import '@google-cloud/storage';",
      "import type OpenAI from 'openai';",
      "import '@temporalio/workflow';",
      "import '@temporalio/client';",
      "import '@temporalio/worker';",
      "import { RunConfig } from '../configs/schema.ts';",
      "import '../workflows/messages.ts';",
      "import type { Messages } from '../workflows/messages.ts';",
      "import type { Options } from '../workers/run-worker.ts';",
      "import '../workers/deps.ts';",
      "import '../scripts/runs.ts';",
      "export const key = process.env['KEY'];",
    ],
    may: [
      "import '../domain/keys.ts';",
      "import './io/store/json.ts';",
      "import './report/report.ts';",
      "import '@temporalio/activity';",
      "import '@temporalio/common';",
      "import 'node:fs/promises';",
      "import type { RunConfig } from '../configs/schema.ts';",
    ],
  },
  'activities/io/model/': {
    never: [
      "import '@temporalio/activity';",
      "import '../../gate.ts';",
      "import '../../../workflows/messages.ts';",
      "import { RunConfig } from '../../../configs/schema.ts';",
      "export const key = process.env['KEY'];",
    ],
    may: ["import 'openai';", "import 'node:fs';", "import '../../../domain/names.ts';", "import '../process.ts';"],
  },
  'activities/io/temporal/': {
    never: [
      "import '@temporalio/client';",
      "import '@temporalio/worker';",
      "import { readEnvironment } from '../../../configs/env.ts';",
      "import '../store/store.ts';",
      "import 'openai';",
      "export const key = process.env['KEY'];",
    ],
    may: [
      "import '@temporalio/common';",
      "import '@temporalio/envconfig';",
      "import '@temporalio/proto';",
      "import type { Environment } from '../../../configs/env.ts';",
      "import '../../../domain/names.ts';",
      "import 'node:crypto';",
    ],
  },
  'activities/report/': {
    never: [
      "import 'openai';",
      "import '../gate.ts';",
      "import '../io/store/store.ts';",
      "import '@temporalio/activity';",
    ],
    may: ["import 'echarts/core';", "import 'yaml';", "import '../../domain/evaluation.ts';", "import './html.ts';"],
  },
  'workers/': {
    never: [
      "import '../scripts/runs.ts';",
      "import '../workflows/index.ts';",
      "import type { Messages } from '../workflows/messages.ts';",
      "import '@temporalio/client';",
      "import 'openai';",
      "export const key = process.env['KEY'];",
    ],
    may: [
      "import '../activities/index.ts';",
      "import '../activities/io/store/open.ts';",
      "import '../configs/env.ts';",
      "import '@temporalio/worker';",
    ],
  },
  'scripts/': {
    never: [
      "import '../activities/index.ts';",
      "import type { Deps } from '../activities/deps.ts';",
      "import type { ModelClient } from '../activities/io/model/model.ts';",
      "import type { Options } from '../workers/run-worker.ts';",
      "import '../activities/io/model/openai.ts';",
      "import { runPipeline } from '../workflows/run-pipeline.ts';",
      "import '../activities/report/report.ts';",
      "import '../workers/deps.ts';",
      "import '@temporalio/worker';",
      "import 'openai';",
    ],
    may: [
      "import '../activities/io/store/open.ts';",
      "import '../workflows/messages.ts';",
      "import type { runPipeline } from '../workflows/run-pipeline.ts';",
      "import '../configs/load.ts';",
      "import '@temporalio/client';",
    ],
  },
  'scripts/commands/': {
    never: [
      "import '../../activities/gate.ts';",
      "import '../../workers/deps.ts';",
      "import { runPipeline } from '../../workflows/run-pipeline.ts';",
    ],
    may: [
      "import '../runs.ts';",
      "import '../embedded/services.ts';",
      "import '../../activities/io/store/json.ts';",
      "import '../../activities/report/histogram.ts';",
      "import '../../workflows/messages.ts';",
      "import 'commander';",
    ],
  },
};

const RULES = ['eslint(no-restricted-imports)', 'eslint(no-restricted-properties)', 'eslint(no-restricted-globals)'];

interface Finding {
  readonly code: string;
  readonly filename: string;
}

describe('the lint rules', () => {
  let folder: string;
  let findings: readonly Finding[];
  const files = Object.entries(TABLE).flatMap(([room, { never, may }]) => [
    ...never.map((line, index) => ({ file: `${room}never-${index}.ts`, room, line, fires: true })),
    ...may.map((line, index) => ({ file: `${room}may-${index}.ts`, room, line, fires: false })),
  ]);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-lint-'));
    await copyFile(join(PROJECT, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
    for (const { file, line } of files) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), `${line}\n`);
    }
    const oxlint = join(PROJECT, 'node_modules/oxlint/bin/oxlint');
    const { stdout } = spawnSync(process.execPath, [oxlint, '--format', 'json'], { cwd: folder, encoding: 'utf8' });
    findings = (JSON.parse(stdout) as { diagnostics: Finding[] }).diagnostics;
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const fired = (file: string) =>
    findings.some(({ code, filename }) => RULES.includes(code) && filename.replaceAll('\\', '/') === file);

  it.each(files.filter(({ fires }) => fires))('refuse in $room: $line', ({ file }) => {
    expect(fired(file)).toBe(true);
  });

  it.each(files.filter(({ fires }) => !fires))('let stand in $room: $line', ({ file }) => {
    expect(fired(file)).toBe(false);
  });

  it('let only configs/env.ts read the environment', async () => {
    await writeFile(join(folder, 'configs/env.ts'), "export const key = process.env['KEY'];\n");
    const oxlint = join(PROJECT, 'node_modules/oxlint/bin/oxlint');
    const { stdout } = spawnSync(process.execPath, [oxlint, 'configs/env.ts'], { cwd: folder, encoding: 'utf8' });
    expect(stdout).not.toContain('no-restricted-properties');
  });
});

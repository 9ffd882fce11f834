import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import getPort from 'get-port';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataConverter } from '../../activities/io/temporal/codec.ts';
import { PROJECT, readEnvironment } from '../../configs/env.ts';
import { startCodecServer } from '../../scripts/commands/codec-server.ts';
import { serviceProgram } from '../../scripts/embedded/paths.ts';
import { missing } from '../parts.ts';

/** What a workflow is started with, and nobody may read without the key. */
const CANARY = 'canary-8b1f';
const MEMO = 'memo-canary-41c7';

describe.skipIf(missing('services') || missing('chromium'))('sealed payloads in the Temporal UI', () => {
  let home: string;
  let temporal: TestWorkflowEnvironment;
  let browser: Browser;
  let codec: Awaited<ReturnType<typeof startCodecServer>> | undefined;
  let ui: string;
  let port: number;
  const environment = () =>
    readEnvironment({ LONGWRITER_HOME: home, LONGWRITER_CODEC_KEYS: `a:${randomBytes(32).toString('base64')}` });
  let settings: ReturnType<typeof environment>;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'longwriter-codec-'));
    settings = environment();
    const uiPort = await getPort();
    port = await getPort();
    ui = `http://127.0.0.1:${uiPort}`;
    temporal = await TestWorkflowEnvironment.createLocal({
      server: {
        executable: { type: 'existing-path', path: serviceProgram(PROJECT, 'temporal') },
        ui: true,
        uiPort,
        extraArgs: ['--ui-disable-news-fetch', `--ui-codec-endpoint=http://127.0.0.1:${port}`],
      },
    });
    const client = new Client({ connection: temporal.connection, dataConverter: dataConverter(settings) });
    // Nobody works on it: what it was started with is what is looked at.
    await client.workflow.start('sealed', {
      taskQueue: 'nobody',
      workflowId: 'sealed',
      args: [{ run: CANARY }],
      memo: { note: MEMO },
    });
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', chromiumSandbox: false });
  });

  afterAll(async () => {
    await codec?.server.close();
    await browser?.close();
    await temporal?.teardown();
    await rm(home, { recursive: true, force: true });
  });

  async function open(): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(`${ui}/namespaces/default/workflows/sealed`);
    await page.getByTestId('workflow-id-heading').waitFor();
    return page;
  }

  test('are read through it by pages of the UI that it was told of, and of no other', async () => {
    const options = { port: String(port), host: '127.0.0.1', auth: false };
    codec = await startCodecServer(settings, { ...options, web: ['https://example.org'] });
    const refused = await open();
    await refused.getByTestId('input-and-result').waitFor();
    expect(await refused.locator('body').innerText()).not.toContain(CANARY);
    await refused.close();
    await codec.server.close();

    codec = await startCodecServer(settings, { ...options, web: [ui] });
    const page = await open();
    await page.getByTestId('input-and-result').getByText(CANARY).first().waitFor();
    await page.getByTestId('memo-tab').click();
    await page.getByText(MEMO).first().waitFor();
    await page.close();
  });
});

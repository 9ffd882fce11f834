import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import getPort from 'get-port';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { fileStore } from '../../activities/io/store/file.ts';
import type { Store } from '../../activities/io/store/store.ts';
import { PROJECT, readEnvironment } from '../../configs/env.ts';
import { loadConfig } from '../../configs/load.ts';
import { startEndpoint, type Endpoint } from '../../scripts/bench/endpoint.ts';
import { serviceProgram } from '../../scripts/embedded/paths.ts';
import { freezeConfig, pause, startWorkflow, unpause } from '../../scripts/runs.ts';
import { runAddress } from '../../scripts/ui-address.ts';
import { readInputs, uploadInputs } from '../../scripts/upload-inputs.ts';
import { ROLES, startWorkers, type RunningWorkers } from '../../workers/run-worker.ts';
import { missing } from '../parts.ts';
import { SERVER_ATTRIBUTES } from '../temporal/environment.ts';

const CONFIG = join(PROJECT, 'scripts/bench/generate.yaml');
const RUN = 'shown';
const SAMPLES = 24;
/** Where pictures for the documentation are written, when a person asks for them. */
const PICTURES = process.env['LONGWRITER_PICTURES'] ? join(PROJECT, 'docs', 'images') : undefined;
/** What the run is at while it is looked at. */
const STATE = PICTURES ? 'running' : 'paused';
const COLUMNS = ['Status', 'Workflow ID', 'LwStage', 'LwState', 'LwDone', 'LwTotal', 'Start'];
const COLUMNS_KEY = 'namespace-workflow-table-columns';

describe.skipIf(missing('services') || missing('chromium'))('the Temporal UI, of a real run', () => {
  let home: string;
  let temporal: TestWorkflowEnvironment;
  let workers: RunningWorkers;
  let endpoint: Endpoint;
  let store: Store;
  let browser: Browser;
  let page: Page;
  let address: { readonly run: string; readonly list: string };

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'longwriter-ui-'));
    const uiPort = await getPort();
    const path = serviceProgram(PROJECT, 'temporal');
    temporal = await TestWorkflowEnvironment.createLocal({
      server: {
        executable: { type: 'existing-path', path },
        ui: true,
        uiPort,
        extraArgs: ['--ui-disable-news-fetch', ...SERVER_ATTRIBUTES],
      },
    });
    const environment = { ...readEnvironment({ LONGWRITER_HOME: home }), temporalAddress: temporal.address };
    address = runAddress({ uiUrl: `http://127.0.0.1:${uiPort}` }, 'default', RUN)!;
    workers = await startWorkers(environment, ROLES);
    endpoint = await startEndpoint({
      sections: 3,
      words: 100,
      latencyMs: PICTURES ? 1500 : 200,
      faults: { badPlans: true },
    });
    store = fileStore(environment.storeUrl);
    await start();
    await found(`LwRun="${RUN}" AND LwState="running" AND LwDone>5`);
    // Nothing has to be looked at in a hurry; a picture shows a run that runs.
    if (!PICTURES) await pause(temporal.client, store, RUN);
    await found(`LwRun="${RUN}" AND LwState="${STATE}"`);
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', chromiumSandbox: false });
    page = await browser.newPage({ viewport: { width: 1440, height: 620 } });
    const columns = JSON.stringify({ default: COLUMNS.map((label) => ({ label })) });
    await page.addInitScript(
      ([key, value]) =>
        (globalThis as unknown as { localStorage: { setItem(key: string, value: string): void } }).localStorage.setItem(
          key!,
          value!,
        ),
      [COLUMNS_KEY, columns],
    );
  });
  afterAll(async () => {
    await browser?.close();
    await workers?.stop();
    await endpoint?.close();
    await temporal?.teardown();
    await rm(home, { recursive: true, force: true });
  });

  /** Starts a generation in which some samples are rejected: their plans cannot be read, and there is no second draw. */
  async function start(): Promise<void> {
    const file = join(home, 'instructions.jsonl');
    const rows = Array.from({ length: SAMPLES }, (_, index) => ({ prompt: `${SECRET} about subject ${index}.` }));
    await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const urls = ['writer', 'judge'].map((name) => `endpoints.${name}.baseUrl=${endpoint.baseUrl}`);
    const given = await loadConfig(CONFIG, [
      `instructions.sources=[{file: ${file}}]`,
      ...urls,
      'endpoints.writer.limits.inFlight=4',
      'generation.maxDraws=1',
      'generation.window=4',
    ]);
    const { config, inputs } = await readInputs(given, CONFIG);
    await uploadInputs(store, inputs);
    const frozen = await freezeConfig(store, RUN, config);
    await startWorkflow(temporal.client, RUN, frozen, { until: 'generate' });
  }
  const count = async (query: string): Promise<number> => (await temporal.client.workflow.count(query)).count;
  const found = (query: string): Promise<void> =>
    vi.waitFor(async () => expect(await count(query)).toBe(1), { timeout: 60_000, interval: 200 });
  const picture = async (name: string): Promise<void> => {
    if (PICTURES) await page.screenshot({ path: join(PICTURES, `ui-${name}.png`) });
  };
  const shows = (text: string | RegExp) => page.getByText(text).first().waitFor({ timeout: 30_000 });

  test('the list of the printed address shows the run, its stage and its counts in columns', async () => {
    await page.goto(address.list);
    await shows(`${RUN}.generate`);
    const rows = await page.getByTestId('workflows-summary-configurable-table-row').allInnerTexts();
    const shown = rows.find((text) => new RegExp(`generate\\s+${STATE}\\s+\\d+\\s+${SAMPLES}`).test(text));
    expect(shown, rows.join('\n')).toBeDefined();
    await picture('list');
  });

  test('the page of the run tells its stages in the timeline, and how far it is in its current details', async () => {
    await page.goto(address.run);
    await shows(`${SAMPLES} samples`);
    if (PICTURES)
      await page
        .getByRole('heading', { name: 'Timeline' })
        .evaluate((heading: { scrollIntoView(): void }) => heading.scrollIntoView());
    await picture('timeline');
    await page.goto(page.url().replace(/\/timeline.*$/, '/user-metadata'));
    const details = page.frameLocator('#user-metadata-current-details').locator('body');
    await details.getByText(/of 24/).first().waitFor({ timeout: 30_000 });
    const text = await details.innerText();
    expect(text).toContain(STATE);
    expect(text).toMatch(/generate: .*left out: .+; [\d.]+k? tokens in/);
    expect(text).toMatch(/generate\s+running\s+\d+ of 24/);
    expect(await page.frameLocator('#user-metadata-details').locator('body').innerText()).toContain(RUN);
    await page.setViewportSize({ width: 1440, height: 900 });
    await picture('details');
  });

  test('the queries of the documentation are taken by the server and find what they say', async () => {
    const { client } = temporal;
    await unpause(client, store, RUN);
    await client.workflow.getHandle(RUN).result();
    const samples = `LwRun="${RUN}" AND WorkflowType="generateSample"`;
    const kept = `${samples} AND LwState="kept"`;
    const leftOut = `${samples} AND LwState IN ("rejected", "failed")`;
    await expect.poll(async () => (await count(kept)) + (await count(leftOut))).toBe(SAMPLES);
    expect(await count(leftOut)).toBeGreaterThan(0);
    expect(await count(`LwRun="${RUN}" AND LwStage="generate" AND WorkflowType="partition"`)).toBe(1);
    expect(await count('WorkflowType="runPipeline" AND LwState="completed"')).toBe(1);
    for (const query of [
      'WorkflowType="runPipeline" AND ExecutionStatus="Running"',
      'WorkflowType="runPipeline" AND LwState="paused" AND ExecutionStatus="Running"',
      'WorkflowType="reevaluate" AND LwState="regressed"',
    ])
      expect(await count(query)).toBe(0);
  });

  test('no history, attribute, summary or memo of the run holds text of an instruction or an answer', async () => {
    const { client } = temporal;
    let workflows = 0;
    for await (const { workflowId } of client.workflow.list({ query: `LwRun="${RUN}"` })) {
      const history = await client.workflow.getHandle(workflowId).fetchHistory();
      const bytes = JSON.stringify(history, (_key, value: unknown) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value,
      );
      workflows++;
      expect(bytes).toContain(workflowId.split('.')[0]);
      expect(bytes).not.toContain(SECRET);
      expect(bytes).not.toMatch(ANSWER);
    }
    expect(workflows).toBeGreaterThan(SAMPLES);
  });
});

/** What every instruction begins with. */
const SECRET = 'Zebrafish-quarto';

/** Three words in a row as the endpoint writes them, of three syllables each. */
const ANSWER = /(?:(?:ba|de|fi|go|lu|ma|ne|pi|ro|su|ta|ve|wi|zo|ka|li|mo|nu|ra|se){3}[. ]+){3}/;

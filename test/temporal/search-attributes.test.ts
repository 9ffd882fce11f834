import { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PROJECT } from '../../configs/env.ts';
import { loadConfig } from '../../configs/load.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/search-attributes.ts';
import { serviceProgram } from '../../scripts/embedded/paths.ts';
import { startWorkflow } from '../../scripts/runs.ts';
import { knownAttributes, missingAttributes, registerAttributes } from '../../scripts/search-attributes.ts';
import { missing } from '../parts.ts';

const INT = 3;
const KEYWORD = 2;
const NAMES = Object.keys(SEARCH_ATTRIBUTES);

describe.skipIf(missing('services'))('the search attributes of a namespace', () => {
  let temporal: TestWorkflowEnvironment;
  beforeAll(async () => {
    temporal = await TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'existing-path', path: serviceProgram(PROJECT, 'temporal') } },
    });
  });
  afterAll(() => temporal?.teardown());

  const change = async (what: 'add' | 'remove', attributes: Record<string, number>): Promise<void> => {
    const { operatorService } = temporal.connection;
    const namespace = 'default';
    if (what === 'add') await operatorService.addSearchAttributes({ namespace, searchAttributes: attributes });
    else await operatorService.removeSearchAttributes({ namespace, searchAttributes: Object.keys(attributes) });
  };

  test('are named once where a run starts without them', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const config = await loadConfig('configs/quickstart.yaml');
    await startWorkflow(temporal.client, 'bare', { revision: 1, config }, {});
    const lines = said.mock.calls.map(([line]) => String(line));
    said.mockRestore();
    expect(lines).toEqual([
      expect.stringMatching(/^namespace default lacks .*LwRun.*longwriter doctor --fix registers them/),
    ]);
    expect((await temporal.client.workflow.getHandle('bare').describe()).status.name).toBe('RUNNING');
  });

  test('are told as missing, registered, and found again', async () => {
    const { client } = temporal;
    expect(await missingAttributes(client)).toEqual({ missing: NAMES, mistyped: [] });
    expect(await registerAttributes(client)).toEqual({ registered: NAMES });
    expect(await missingAttributes(client)).toEqual({ missing: [], mistyped: [] });
    expect([...(await knownAttributes(client))]).toEqual(NAMES);
    expect(await registerAttributes(client)).toEqual({ registered: [] });
  });

  test('of another type are not known, and the server’s silence about them is no success', async () => {
    const { client } = temporal;
    await change('remove', { LwState: KEYWORD, LwDone: INT });
    await change('add', { LwState: INT });
    expect(await missingAttributes(client)).toEqual({
      missing: ['LwDone'],
      mistyped: [{ name: 'LwState', type: 'Int' }],
    });
    expect(await registerAttributes(client)).toEqual({ registered: ['LwDone'] });
    expect((await knownAttributes(client)).has('LwState')).toBe(false);
  });

  test('that the server has no room for are refused with its words', async () => {
    const { client } = temporal;
    // Three of Int are LwState, LwDone and LwTotal by now.
    await change('remove', { LwDone: INT });
    await change('add', { SomebodyElses: INT });
    const { registered, refused } = await registerAttributes(client);
    expect(registered).toEqual([]);
    expect(refused).toMatch(/^the server refuses \(.*cannot have more than 3.*Int.*\); remove what nobody uses/);
  });

  test('are registered by an administrator where the account may not', async () => {
    const { client } = temporal;
    // What Temporal Cloud answers to whoever is no operator.
    const denied = Object.assign(new Error('7 PERMISSION_DENIED'), {
      code: 7,
      details: 'Request unauthorized.',
      metadata: {},
    });
    const operatorService = {
      listSearchAttributes: () => Promise.reject(denied),
      addSearchAttributes: () => Promise.reject(denied),
    };
    const { workflowService } = client.connection;
    const restricted = { options: client.options, connection: { operatorService, workflowService } } as never;
    expect((await missingAttributes(restricted)).missing).toEqual(['LwDone']);
    const { refused } = await registerAttributes(restricted);
    expect(refused).toBe(
      'this account may not register them (Request unauthorized.); an administrator runs: ' +
        'temporal operator search-attribute create --namespace default --name LwDone --type Int; ' +
        'on Temporal Cloud: tcld namespace search-attributes add --namespace default --search-attribute "LwDone=Int"',
    );
  });
});

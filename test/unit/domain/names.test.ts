import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FAILURES, isFailureType } from '../../../domain/failures.ts';
import * as keys from '../../../domain/keys.ts';
import { childId, endpointQueue, ENDPOINT_NAMES, isRunId, STAGES } from '../../../domain/names.ts';

const HASH = '0123456789abcdef';

describe('isRunId', () => {
  it.each(['a', 'demo', 'longwriter-6k', '0', 'x'.repeat(40)])('takes %s', (id) => {
    expect(isRunId(id)).toBe(true);
  });

  it.each(['', 'x'.repeat(41), 'Demo', 'a b', 'a/b', '..', 'a.b', 'a_b', 'a\n', '\na', 'é', 'a\u0000', '%2e'])(
    'refuses %j',
    (id) => {
      expect(isRunId(id)).toBe(false);
    },
  );

  it('takes nothing that could leave a path or an id', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (id) => {
        if (isRunId(id)) expect(encodeURIComponent(id)).toBe(id);
      }),
    );
  });
});

describe('childId', () => {
  it('names a child by its run and its work, with dots', () => {
    expect(childId('demo', 'generate', 3)).toBe('demo.generate.3');
    expect(childId('demo', 'sample', HASH)).toBe(`demo.sample.${HASH}`);
  });

  it('has no slash for anything that a run starts', () => {
    for (const stage of STAGES) expect(childId('demo', stage, 0)).toMatch(/^[a-z0-9.-]+$/);
  });
});

describe('endpointQueue', () => {
  it('gives each endpoint a queue of its own', () => {
    expect(ENDPOINT_NAMES.map(endpointQueue)).toEqual([
      'longwriter-llm-writer',
      'longwriter-llm-judge',
      'longwriter-llm-served',
    ]);
  });
});

describe('the store’s keys', () => {
  const folder = keys.preferencesFolder('demo', HASH);
  const all = {
    call: keys.callKey(HASH),
    input: keys.inputKey(HASH),
    config: keys.configKey('demo'),
    config2: keys.configKey('demo', 2),
    control: keys.controlKey('demo'),
    ...Object.fromEntries(STAGES.map((stage) => [`stage ${stage}`, keys.stageKey('demo', stage)])),
    instructions: keys.instructionsKey('demo', HASH),
    samples: keys.samplesFolder('demo'),
    sample: keys.sampleKey('demo', HASH),
    dataset: keys.datasetFolder('demo', HASH),
    sft: keys.trainingFolder('demo', 'sft', HASH),
    dpo: keys.trainingFolder('demo', 'dpo', HASH),
    preferences: folder,
    evaluation: keys.evaluationFolder('demo', 'sft', HASH),
    lease: keys.leaseKey('demo'),
    report: keys.reportKey('demo'),
    completion: keys.completionKey(folder, HASH, 3),
    judgement: keys.judgementKey(folder, HASH, 3, 0),
  };

  it('are all different, relative, and of plain characters', () => {
    expect(new Set(Object.values(all)).size).toBe(Object.keys(all).length);
    for (const key of Object.values(all)) expect(key).toMatch(/^[a-z0-9]+(?:\/[a-z0-9]+(?:[.-][a-z0-9]+)*)+$/);
  });

  it('lie where the layout of the store says', () => {
    expect(all).toMatchObject({
      call: `calls/01/${HASH}.json`,
      input: `inputs/${HASH}`,
      config: 'runs/demo/config.json',
      config2: 'runs/demo/config.2.json',
      sample: `runs/demo/samples/${HASH}.json`,
      completion: `runs/demo/preferences/${HASH}/completions/${HASH}-3.json`,
    });
  });
});

describe('FAILURES', () => {
  it('spells every type Subject.Problem', () => {
    for (const type of Object.keys(FAILURES)) expect(type).toMatch(/^[A-Z][a-z]+\.[A-Z][a-z]+(?:[A-Z][a-z]+)*$/);
  });

  it('knows its own types, and not what every object has', () => {
    expect(isFailureType('Model.RateLimited')).toBe(true);
    for (const other of ['Model.Unheard', 'constructor', '', undefined, 7]) expect(isFailureType(other)).toBe(false);
  });

  it('retries what passes by itself, pauses for a person, and fails what nothing mends', () => {
    expect(FAILURES).toMatchObject({
      'Model.RateLimited': 'retry',
      'Store.Unavailable': 'retry',
      'Model.Unauthorized': 'pause',
      'Model.QuotaSpent': 'pause',
      'Config.Invalid': 'fail',
      'Trainer.OutOfMemory': 'fail',
    });
  });
});

import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../configs/load.ts';
import type { RunOptions } from '../../scripts/runs.ts';
import { needsOf } from '../../scripts/doctor/needs.ts';

async function needs(
  stages: Pick<RunOptions, 'from' | 'until'> = {},
  overrides: readonly string[] = [],
  file = 'configs/quickstart.yaml',
) {
  const { queues, endpoints, node, needsTraining } = needsOf(await loadConfig(file, overrides), stages, true);
  const asked = endpoints.map(({ ask, queue, schema }) => [ask.name, queue, schema]);
  return {
    queues: [...queues],
    asked,
    programs: node?.programs,
    remote: node?.remote,
    baseModel: node?.baseModel,
    needsTraining,
  };
}

const WRITER = 'longwriter-llm-writer';
const JUDGE = 'longwriter-llm-judge';
const SERVED = 'longwriter-llm-served';

describe('what a run needs of its workers', () => {
  test('is everything for the whole pipeline', async () => {
    expect(await needs()).toEqual({
      queues: ['longwriter', WRITER, JUDGE, SERVED, 'longwriter-gpu'],
      asked: [
        ['writer', WRITER, true],
        ['judge', JUDGE, true],
      ],
      programs: ['{python}', '{python}', '{project}/.longwriter/python/services/bin/python'],
      remote: false,
      baseModel: '{project}/.longwriter/models/smollm2-135m-instruct',
      needsTraining: true,
    });
  });

  test('is the writer alone for a dataset, and who selects where a model does', async () => {
    expect(await needs({ until: 'dataset' })).toMatchObject({
      queues: ['longwriter', WRITER],
      needsTraining: false,
      programs: undefined,
    });
    const { asked } = await needs({ until: 'select' }, ['instructions.model={mode: text}', 'judge.mode=text']);
    expect(asked).toEqual([['judge', JUDGE, false]]);
  });

  test('is no judge where nobody asks one', async () => {
    const asked = async (...overrides: string[]) => (await needs({}, overrides, 'configs/claim.yaml')).asked;
    expect(await asked()).toEqual([['writer', WRITER, true]]);
    expect(await asked('preferences.lengthWeight=0.9')).toHaveLength(2);
    expect(await asked('evaluation.judgements=1')).toHaveLength(2);
  });

  test('is a GPU node and no endpoint for a training alone', async () => {
    const alone = 'training.alone={method: sft, data: rows.jsonl}';
    expect(await needs({}, [alone])).toMatchObject({
      queues: ['longwriter', 'longwriter-gpu'],
      asked: [],
      programs: ['{python}'],
      needsTraining: true,
    });
  });

  test('is no GPU node for an evaluation of models behind endpoints of their own', async () => {
    const endpoint = '{model: other, provider: x, baseUrl: "http://x/v1"}';
    const overrides = [`evaluation.endpoints={theirs: ${endpoint}}`, 'evaluation.alone={}'];
    expect(await needs({}, overrides)).toMatchObject({
      queues: ['longwriter', JUDGE, SERVED],
      asked: [
        ['judge', JUDGE, true],
        ['theirs', SERVED, false],
      ],
      needsTraining: false,
    });
    const served = await needs({}, [overrides[0]!, 'evaluation.alone={models: {mine: /models/mine}}']);
    expect(served.queues).toContain('longwriter-gpu');
    expect(served.baseModel).toBeUndefined();
  });

  test('is Slurm’s commands where a launcher is Slurm', async () => {
    const slurm = ['training.launcher={kind: slurm}', 'serving.launcher={kind: slurm}'];
    const found = await needs({}, slurm);
    expect(found.programs).toEqual(expect.arrayContaining(['sbatch', 'squeue', 'scancel']));
    expect(found.remote).toBe(true);
    expect((await needs({}, slurm.slice(1))).remote).toBe(false);
  });
});

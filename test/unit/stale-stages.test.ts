import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../configs/load.ts';
import { STAGES } from '../../domain/names.ts';
import { staleStages } from '../../scripts/stale-stages.ts';

describe('staleStages', () => {
  it.each([
    ['imports=[{file: x}]', 'select'],
    ['instructions.limit=3', 'select'],
    ['filter.minWords=3', 'generate'],
    ['dataset.testFraction=0.1', 'dataset'],
    ['training.sft.epochs=9', 'sft'],
    ['training.chatTemplate=other.jinja', 'sft'],
    ['preferences.level=section', 'preferences'],
    ['evaluation.limit=1', 'evaluate'],
  ])('%s makes everything from %s on stale', async (change, first) => {
    const before = await loadConfig('configs/quickstart.yaml');
    const after = await loadConfig('configs/quickstart.yaml', [change]);
    expect(staleStages(before, after)).toEqual(STAGES.slice(STAGES.indexOf(first as (typeof STAGES)[number])));
  });

  it('makes no training again for another gate', async () => {
    const before = await loadConfig('configs/quickstart.yaml');
    const change = ['gates.model.promote=passed', 'gates.model.limit=2', 'gates.model.maxRepeated=1'];
    expect(staleStages(before, await loadConfig('configs/quickstart.yaml', change))).toEqual([]);
  });

  it('counts the prompt of a step where pairs are made of steps', async () => {
    const changed = async (level: string) => {
      const before = await loadConfig('configs/quickstart.yaml', [`preferences.level=${level}`]);
      const after = await loadConfig('configs/quickstart.yaml', [`preferences.level=${level}`, 'prompts.step=x']);
      return staleStages(before, after)[0];
    };
    expect([await changed('text'), await changed('section')]).toEqual([undefined, 'preferences']);
  });

  it('counts the judge where it is asked', async () => {
    const changed = async (...more: string[]) => {
      const before = await loadConfig('configs/claim.yaml', more);
      return staleStages(before, await loadConfig('configs/claim.yaml', [...more, 'judge.maxDraws=9']))[0];
    };
    expect(await changed()).toBeUndefined();
    expect(await changed('evaluation.judgements=1')).toBe('evaluate');
    expect(await changed('preferences.lengthWeight=0.5')).toBe('preferences');
  });

  it('counts a benchmark for the data where the data is held against it', async () => {
    const filter = 'filter.contamination={}';
    const before = await loadConfig('configs/quickstart.yaml', [filter]);
    const after = await loadConfig('configs/quickstart.yaml', [filter, 'evaluation.benchmark=other.jsonl']);
    expect(staleStages(before, after)[0]).toBe('dataset');
  });
});

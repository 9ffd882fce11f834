import type { RunConfig } from '../configs/schema.ts';
import type { StageOutcomes } from '../activities/stage-outcomes.ts';
import { assembly, gpu } from './proxies.ts';
import { pausable } from './steps.ts';

/** What stands in for the stages before a training that is made alone: the rows and the model that a person gave. */
export async function givenOutcomes(
  reference: { readonly run: string; readonly revision: number },
  { method }: NonNullable<RunConfig['training']['alone']>,
): Promise<Partial<StageOutcomes>> {
  const { run } = reference;
  const rows = await pausable(run, () => assembly.prepareRows(reference));
  const given =
    method === 'sft'
      ? { dataset: rows }
      : { preferences: rows, sft: { model: await pausable(run, () => gpu.identifyModel(reference)) } };
  // The one stage that is walked reads no more of them.
  return given as unknown as Partial<StageOutcomes>;
}

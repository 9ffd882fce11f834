import { log } from '@temporalio/activity';
import { preferenceSteps } from '../domain/preference-steps.ts';
import { taskOf } from '../domain/prompts.ts';
import type { CompletionPrompt } from '../domain/schemas/completion.ts';
import { DatasetSample } from '../domain/schemas/dataset.ts';
import type { Instruction } from '../domain/schemas/instruction.ts';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import { findView } from './find-unfinished.ts';
import { readJsonLines } from './io/store/json.ts';
import { lookUpAll } from './look-ups.ts';
import type { RunReference } from './run-files.ts';

/** Samples whose texts are held at a time. */
const CHUNK = 64;

/**
 * The prompts of preference pairs, from the samples of a dataset's train split in its order: their instructions, or steps
 * in the middle of their texts. Fails with Preferences.Empty where there is none.
 *
 * @param data where the selected instructions are, and the dataset
 */
export async function preferencePrompts(
  deps: ActivityDeps,
  run: RunReference,
  data: { readonly instructions: string; readonly dataset: string },
): Promise<CompletionPrompt[]> {
  const { preferences } = await deps.files.config(run);
  const samples = (await readJsonLines(deps.store, `${data.dataset}/samples.jsonl`, DatasetSample)).filter(
    ({ split }) => split === 'train',
  );
  const known = await deps.files.instructions(data.instructions);
  const instructionOf = (sample: string): Instruction => {
    const instruction = known.get(sample);
    if (instruction) return instruction;
    throw failure('Store.Conflict', `${data.dataset} has sample ${sample}, which ${data.instructions} has not`);
  };
  const bySection = preferences.level === 'section';
  const promptsOf = bySection ? await stepsReader(deps, run) : wholeTexts;
  const prompts: CompletionPrompt[] = [];
  let passedOver = 0;
  for (let start = 0; start < samples.length && prompts.length < preferences.prompts; start += CHUNK) {
    const found = await lookUpAll(samples.slice(start, start + CHUNK), async (sample) =>
      promptsOf(sample, instructionOf(sample.sample)),
    );
    passedOver += found.filter(({ length }) => length === 0).length;
    prompts.push(...found.flat());
  }
  if (passedOver > 0) log.info('samples gave no preference prompt', { passedOver, level: preferences.level });
  if (prompts.length > 0) return prompts.slice(0, preferences.prompts);
  throw failure(
    'Preferences.Empty',
    bySection ? 'no kept sample was written in two sections or more' : 'no kept sample states a required length',
  );
}

function wholeTexts({ sample, required }: DatasetSample, instruction: Instruction): CompletionPrompt[] {
  if (required === null) return [];
  return [{ id: sample, prompt: taskOf(instruction), length: required, type: instruction.type ?? '' }];
}

async function stepsReader(deps: ActivityDeps, run: RunReference) {
  const { seed, preferences, prompts } = await deps.files.config(run);
  const template = prompts.step === undefined ? undefined : await deps.files.text(prompts.step);
  return async ({ sample: id }: DatasetSample, instruction: Instruction): Promise<CompletionPrompt[]> => {
    const view = await findView(deps, run.run, id);
    if (!view) throw failure('Store.Missing', `sample ${id} of the dataset has no view in run ${run.run}`);
    const steps = preferenceSteps(view, taskOf(instruction), { seed, steps: preferences.steps, template });
    return steps.map(({ section, words, prompt }) => ({
      id: `${id}.${section}`,
      prompt,
      length: words,
      type: instruction.type ?? '',
    }));
  };
}

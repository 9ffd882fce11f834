import { executeChild } from '@temporalio/workflow';
import type { Fresh } from '../activities/list-prompts.ts';
import type { EvaluatedModels } from '../activities/stage-outcomes.ts';
import type { RunConfig } from '../configs/schema.ts';
import { childId, STORE_MODEL } from '../domain/names.ts';
import type { ModelReference } from '../domain/schemas/run.ts';
import { calibrateJudge } from './calibrate-judge.ts';
import { tellingStory } from './child.ts';
import { evaluateModel, type EvaluateModelInput } from './evaluate-model.ts';
import { CALIBRATION } from './folder-part.ts';
import { assembly, gpu } from './proxies.ts';
import { pausable, startWhenClosed } from './steps.ts';
import { withinWaitLimit } from './while-served.ts';

export interface EvaluateModelsInput {
  readonly run: string;
  readonly revision: number;
  readonly config: RunConfig;
  /** What is asked anew, whatever is stored. */
  readonly fresh?: Fresh;
}

/**
 * Evaluates all models of a run: those that it trained, those that it was given, those behind endpoints, and answers that
 * are there already. What is served goes one by one, since a GPU node holds one; the others go beside that.
 *
 * @param trained the run's own models, in the order in which they are told
 */
export async function evaluateModels(
  input: EvaluateModelsInput,
  trained: readonly ModelReference[],
): Promise<EvaluatedModels> {
  const { evaluation, budget } = input.config;
  const served = [...trained, ...(await givenModels(input, Object.keys(evaluation.alone?.models ?? {})))];
  const others = [...endpointModels(evaluation.endpoints), ...predictedModels(evaluation.alone?.predictions ?? {})];
  // Two that go on at once would both be allowed all that is left of a budget.
  const lanes = (budget === undefined ? [served, ...others.map((model) => [model])] : [[...served, ...others]]).filter(
    (lane) => lane.length > 0,
  );
  const ended = await Promise.allSettled(
    lanes.map(async (lane) => {
      const made: EvaluatedModels['models'][number][] = [];
      for (const model of lane) made.push(await evaluateOne(input, model, lanes.length));
      return made;
    }),
  );
  const failed = ended.find((lane) => lane.status === 'rejected');
  if (failed) throw failed.reason;
  const calibration = await calibrationOf(input);
  return {
    models: ended.flatMap((lane) => (lane.status === 'fulfilled' ? lane.value : [])),
    ...(calibration === undefined ? {} : { calibration }),
  };
}

/** Has the judge calibrated where a file is named for that, or a schedule may have frozen completions. */
async function calibrationOf({ run, revision, config, fresh }: EvaluateModelsInput): Promise<string | undefined> {
  const { evaluation, generation, judge, budget } = config;
  if (evaluation.calibration === undefined && fresh?.judgements === undefined) return undefined;
  const { window, partitionSize } = generation;
  const { folder } = await startWhenClosed(() =>
    executeChild(calibrateJudge, {
      workflowId: childId(run, 'evaluate', CALIBRATION),
      args: [
        {
          ...{ run, revision, window, partitionSize, judgeDraws: judge.maxDraws, budget },
          ...(fresh?.judgements === undefined ? {} : { fresh: fresh.judgements }),
        },
      ],
      ...tellingStory({
        ...{ run, stage: 'evaluate', summary: 'frozen completions, judged again' },
        what: 'Has the judge score completions again whose scores are known, so that a drift of the judge shows.',
        facts: { revision },
      }),
    }),
  );
  return folder;
}

async function givenModels(
  { run, revision, config }: EvaluateModelsInput,
  names: readonly string[],
): Promise<ModelReference[]> {
  const found: ModelReference[] = [];
  const { alone, waitLimitMinutes } = config.evaluation;
  for (const name of names) {
    const input = { run, revision, name };
    // A model of the store is known by its manifest; a folder only on its node.
    const identify = alone?.models[name]?.startsWith(STORE_MODEL)
      ? () => assembly.identifyModel(input)
      : () => withinWaitLimit({ name, waitLimitMinutes }, () => gpu.identifyModel(input));
    found.push(await pausable(run, identify));
  }
  return found;
}

function endpointModels(endpoints: RunConfig['evaluation']['endpoints']): ModelReference[] {
  return Object.entries(endpoints).map(([name, { provider, model }]) => ({
    name,
    identity: `${provider}/${model}`,
    location: { kind: 'endpoint' },
  }));
}

function predictedModels(predictions: Readonly<Record<string, string>>): ModelReference[] {
  return Object.entries(predictions).map(([name, key]) => ({
    name,
    identity: key,
    location: { kind: 'predictions', key },
  }));
}

async function evaluateOne(
  input: EvaluateModelsInput,
  model: ModelReference,
  atOnce: number,
): Promise<EvaluatedModels['models'][number]> {
  const evaluation = await startWhenClosed(() =>
    executeChild(evaluateModel, {
      workflowId: childId(input.run, 'evaluate', model.name),
      args: [evaluationWork(input, model, atOnce)],
      ...tellingStory({
        ...{ run: input.run, stage: 'evaluate', model: model.name },
        summary: `the ${model.name} model on the benchmark`,
        what: 'Asks one model for completions of the benchmark, has them judged, and scores length and quality.',
        facts: { identity: model.identity, place: model.location.kind, revision: input.revision },
      }),
    }),
  );
  return { ...evaluation, model: model.name };
}

function evaluationWork({ run, revision, config, fresh }: EvaluateModelsInput, model: ModelReference, atOnce: number) {
  const { partitionSize } = config.generation;
  // They share the tasks that a worker takes at once: a slow endpoint must not hold all of them.
  const window = Math.ceil(config.generation.window / atOnce);
  const { waitLimitMinutes } = config.evaluation;
  return {
    ...{ run, revision, model, window, partitionSize, judgeDraws: config.judge.maxDraws, budget: config.budget },
    ...(fresh ? { fresh } : {}),
    ...(waitLimitMinutes === undefined ? {} : { waitLimitMinutes }),
  } satisfies EvaluateModelInput;
}

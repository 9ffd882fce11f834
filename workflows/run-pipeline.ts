import { ApplicationFailure, executeChild } from '@temporalio/workflow';
import type { RunConfig } from '../configs/schema.ts';
import type { Fresh } from '../activities/list-prompts.ts';
import type { StageOutcomes } from '../activities/stage-outcomes.ts';
import { budgetOf } from '../domain/cost.ts';
import { gateLine } from '../domain/model-gate.ts';
import { childId, MODEL_NAMES, STAGES, type ModelName, type Stage } from '../domain/names.ts';
import { selectionLine } from '../domain/selection.ts';
import type { ModelReference } from '../domain/schemas/run.ts';
import type { ItemCounts } from '../domain/tally.ts';
import { buildPreferences } from './build-preferences.ts';
import { tellingStory } from './child.ts';
import { evaluateModels } from './evaluate-models.ts';
import { givenOutcomes } from './given-outcomes.ts';
import { gateProblem, promotionProblem } from './gates.ts';
import { partition, REPORTS } from './partition.ts';
import { assembly, gpu, pipeline } from './proxies.ts';
import { RunState } from './run-state.ts';
import { pausable, startWhenClosed, untilBroken } from './steps.ts';
import { selectCandidates } from './select-candidates.ts';
import { trainModel } from './train-model.ts';
import { withinBudget } from './within-budget.ts';

export interface RunPipelineInput {
  readonly run: string;
  /** Revision of the frozen configuration. */
  readonly revision: number;
  /** The frozen configuration itself: numbers, names and store paths, no text and no key. */
  readonly config: RunConfig;
  /** The first stage to walk; what earlier ones made is taken from their records. */
  readonly from?: Stage;
  /** The last stage to walk. */
  readonly until?: Stage;
  /** Goes on with failed samples left out. */
  readonly acceptFailed?: boolean;
  /** What the evaluation asks anew, whatever is stored: a firing of a schedule. */
  readonly fresh?: Fresh;
  /** Ends as failed where a failure would pause the run: nobody watches who could resume it. */
  readonly unattended?: boolean;
  /** Whether the namespace has our search attributes; setting one that it has not would hang the workflow. */
  readonly attributes?: boolean;
}

export interface RunOutcome {
  /** Store path of the report, where that stage was walked. */
  readonly report?: string;
  /** Samples that failed and were left out by `acceptFailed`. */
  readonly failed: number;
}

type StageTable = { readonly [S in Stage]: (made: StageOutcomes) => Promise<StageOutcomes[S]> };

/** LongWriter end to end: select → generate → dataset → SFT → preferences → DPO → evaluate → report. */
export async function runPipeline(input: RunPipelineInput): Promise<RunOutcome> {
  const state = new RunState(input.run, budgetOf(input.config.budget), input);
  return input.unattended
    ? untilBroken(
        async () => {
          // What paused an earlier firing is tried anew.
          await pipeline.openRun({ run: input.run });
          return walk(input, state);
        },
        () => state.broken,
      )
    : walk(input, state);
}

async function walk(input: RunPipelineInput, state: RunState): Promise<RunOutcome> {
  const { run, revision } = input;
  const stages = stageTable(input, state);
  const from = STAGES.indexOf(input.from ?? 'select');
  const walked = STAGES.slice(from, STAGES.indexOf(input.until ?? 'report') + 1);
  const made: Partial<StageOutcomes> = {};

  for (const stage of STAGES) if (!walked.includes(stage)) state.skip(stage);
  for (const [index, stage] of walked.entries()) {
    await state.whileRunning();
    const startedAt = state.begin(stage);
    try {
      if (index === 0) Object.assign(made, await earlierOutcomes(input, from));
      if (index === 0 && stage !== 'report') await holdBack(input, made);
      const outcome = await stages[stage](made as StageOutcomes);
      Object.assign(made, { [stage]: outcome });
      const endedAt = state.end(stage, stageDetail(stage, made));
      await pausable(run, () => pipeline.recordStage({ run, revision, stage, startedAt, endedAt, outcome }));
      if (stage === 'sft' || stage === 'dpo') await holdBack(input, made);
    } catch (error) {
      state.fail(stage, state.broken ?? error);
      throw error;
    }
  }
  const failed = made.dataset?.failed ?? 0;
  state.complete(failed);
  return { ...(made.report ? { report: made.report.path } : {}), failed };
}

function stageTable(input: RunPipelineInput, state: RunState): StageTable {
  const { run, revision, config } = input;
  const reference = { run, revision };
  return {
    select: async () => {
      if (config.imports.length === 0) return selectCandidates(input);
      const imported = await pausable(run, () => assembly.importSamples(reference));
      return selectCandidates(input, imported);
    },

    generate: ({ select }) => generateDataset(input, state, select),

    dataset: ({ select: { key, read, leftOut } }) =>
      pausable(run, () => assembly.assembleDataset({ ...reference, instructions: key, selection: { read, leftOut } })),

    sft: async ({ dataset }) => {
      const base = await pausable(run, () => gpu.identifyModel(reference));
      const trained = await runTraining({ ...reference, method: 'sft', data: dataset.folder, base });
      return { ...trained, base };
    },

    preferences: ({ select, dataset, sft }) =>
      startWhenClosed(() =>
        executeChild(buildPreferences, {
          workflowId: childId(run, 'preferences'),
          args: [{ ...servedWork(input, sft.model), data: { instructions: select.key, dataset: dataset.folder } }],
          ...tellingStory({
            ...{ run, stage: 'preferences', model: sft.model.name },
            summary: `${config.preferences.completions} completions a prompt, scored and paired`,
            what: "Has the SFT model complete the dataset's prompts several times, scores each completion, and pairs them.",
            facts: { identity: sft.model.identity, dataset: dataset.folder, revision },
          }),
        }),
      ),

    dpo: ({ preferences, sft }) =>
      runTraining({ ...reference, method: 'dpo', data: preferences.folder, base: sft.model }),

    evaluate: ({ sft, dpo }) => {
      if (config.evaluation.alone) return evaluateModels(input, []);
      const trained: Record<ModelName, ModelReference> = { base: sft.base, sft: sft.model, dpo: dpo.model };
      const names = MODEL_NAMES.filter((name) => config.evaluation.models.includes(name));
      return evaluateModels(
        input,
        names.map((name) => trained[name]),
      );
    },

    report: () => pausable(run, () => assembly.publishReport(reference)),
  };
}

/** Generates all samples, and again those without a verdict after a person has resumed a run with too many failed. */
async function generateDataset(
  { run, revision, config, acceptFailed }: RunPipelineInput,
  state: RunState,
  { key, selected }: StageOutcomes['select'],
): Promise<ItemCounts> {
  const { window, partitionSize, maxDraws } = config.generation;
  for (;;) {
    const counts = await withinBudget({ run, revision, budget: config.budget }, selected, (limits) =>
      startWhenClosed(() =>
        executeChild(partition, {
          workflowId: childId(run, 'generate'),
          args: [
            {
              run,
              revision,
              stage: 'generate',
              part: 'samples',
              work: { kind: 'samples', instructions: key },
              offset: 0,
              count: selected,
              size: partitionSize,
              window,
              maxDraws,
              group: { name: 'samples', total: selected },
              reportEvery: Math.ceil(selected / REPORTS),
              ...limits,
            },
          ],
          ...tellingStory({
            ...{ run, stage: 'generate', summary: `${selected} samples` },
            what: 'Writes one sample for each selected instruction; what is finished is passed over.',
            facts: { samples: selected, instructions: key, 'at once': window, revision },
          }),
        }),
      ),
    );
    const problem = gateProblem(counts, selected, config.gates, acceptFailed ?? false);
    if (!problem) return counts;
    await pausable(run, () => pipeline.pauseRun({ run, ...problem }));
    await state.pauseUntilResumed(problem);
  }
}

function runTraining(args: Parameters<typeof trainModel>[0]): Promise<Awaited<ReturnType<typeof trainModel>>> {
  return startWhenClosed(() =>
    executeChild(trainModel, {
      workflowId: childId(args.run, args.method),
      args: [args],
      ...tellingStory({
        ...{ run: args.run, stage: args.method, model: args.method },
        summary: `${args.method} from the ${args.base.name} model`,
        what: 'Trains one model on a GPU node, then asks it the short prompts.',
        facts: { base: args.base.identity, data: args.data, revision: args.revision },
      }),
    }),
  );
}

function servedWork({ run, revision, config }: RunPipelineInput, model: ModelReference) {
  const { window, partitionSize } = config.generation;
  const { budget, judge } = config;
  return { run, revision, model, window, partitionSize, judgeDraws: judge.maxDraws, budget };
}

/** What a finished stage is told by in the run's details. */
function stageDetail(stage: Stage, { select, ...made }: Partial<StageOutcomes>): string {
  if (stage === 'select' && select) return selectionLine(select);
  const gate = stage === 'sft' || stage === 'dpo' ? made[stage]?.gate : undefined;
  return gate ? gateLine(gate) : '';
}

/** Ends the run, with a report of how far it came, where a model that it trained failed its gate and must not go on. */
async function holdBack({ run, revision, config }: RunPipelineInput, made: Partial<StageOutcomes>): Promise<void> {
  // A training alone has no later stage; its gate's verdict is told, and stands beside the model.
  const problem = config.training.alone ? undefined : promotionProblem(run, made, config.gates.model);
  if (!problem) return;
  await pausable(run, () => assembly.publishReport({ run, revision }));
  throw ApplicationFailure.nonRetryable(problem.message, problem.type);
}

/** What the stages before the first one made, from their records, or what was given in their place. */
async function earlierOutcomes(
  { run, revision, config }: RunPipelineInput,
  from: number,
): Promise<Partial<StageOutcomes>> {
  if (config.training.alone) return givenOutcomes({ run, revision }, config.training.alone);
  if (config.evaluation.alone) return {};
  if (from === 0) return {};
  const found = await pausable(run, () => pipeline.readStages({ run }));
  const records = new Map(found.map(({ stage, outcome }) => [stage, outcome]));
  const needed = STAGES.slice(0, from);
  const missing = needed.filter((stage) => !records.has(stage));
  if (missing.length === 0) return Object.fromEntries(needed.map((stage) => [stage, records.get(stage)]));
  const message = `run ${run} cannot begin at ${STAGES[from]}: it has no finished ${missing.join(', ')}`;
  throw ApplicationFailure.nonRetryable(message, 'Stage.Missing');
}

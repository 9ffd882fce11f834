import { Context } from '@temporalio/activity';
import { askAllowance } from './ask-allowance.ts';
import { assembleDataset } from './assemble-dataset.ts';
import { buildPreferencePairs } from './build-preference-pairs.ts';
import type { ActivityDeps } from './deps.ts';
import { toFailure } from './failures.ts';
import { checkWorker } from './check-worker.ts';
import { findUnfinished } from './find-unfinished.ts';
import { finishSample } from './finish-sample.ts';
import { identifyModel } from './identify-model.ts';
import { importCompletions } from './import-completions.ts';
import { importSamples } from './import-samples.ts';
import { judgeInstruction } from './judge-instruction.ts';
import { listCandidates } from './list-candidates.ts';
import { listPrompts } from './list-prompts.ts';
import { openRun } from './open-run.ts';
import { pauseRun } from './pause-run.ts';
import { pauseSchedule } from './pause-schedule.ts';
import { planSample } from './plan-sample.ts';
import { prepareCalibration } from './prepare-calibration.ts';
import { prepareRows } from './prepare-rows.ts';
import { probeModel } from './probe-model.ts';
import { publishReport } from './publish-report.ts';
import { recordFiring } from './record-firing.ts';
import { readStages, recordStage } from './record-stage.ts';
import { scoreCalibration } from './score-calibration.ts';
import { restoreCompletions } from './restore-completions.ts';
import { scoreEvaluation } from './score-evaluation.ts';
import { selectInstructions } from './select-instructions.ts';
import { sendWebhook } from './send-webhook.ts';
import { serveModel } from './serve-model.ts';
import { summarizeSections } from './summarize-sections.ts';
import { trainModel } from './train-model.ts';
import { judgeCompletions, sampleCompletions } from './work-on-completions.ts';
import { writeSections } from './write-sections.ts';

type Activity = (deps: ActivityDeps, input: never) => Promise<unknown>;
type Bound<A extends Record<string, Activity>> = {
  [Name in keyof A]: (input: Parameters<A[Name]>[1]) => ReturnType<A[Name]>;
};

/** Binds activities to what they work with; whatever an adapter throws leaves them as a failure of our list. */
function bind<A extends Record<string, Activity>>(deps: ActivityDeps, activities: A): Bound<A> {
  const entries = Object.entries(activities).map(([name, activity]) => [
    name,
    async (input: never) => {
      try {
        return await activity(deps, input);
      } catch (error) {
        throw toFailure(error, Context.current().info.attempt);
      }
    },
  ]);
  return Object.fromEntries(entries) as Bound<A>;
}

const pipeline = {
  listCandidates,
  selectInstructions,
  findUnfinished,
  askAllowance,
  finishSample,
  importSamples,
  assembleDataset,
  listPrompts,
  restoreCompletions,
  identifyModel,
  importCompletions,
  buildPreferencePairs,
  prepareRows,
  prepareCalibration,
  scoreCalibration,
  scoreEvaluation,
  pauseRun,
  publishReport,
  recordStage,
  readStages,
  openRun,
  recordFiring,
  pauseSchedule,
  sendWebhook,
  checkWorker,
};
const llm = {
  planSample,
  writeSections,
  summarizeSections,
  sampleCompletions,
  judgeCompletions,
  judgeInstruction,
  checkWorker,
};
const gpu = { identifyModel, trainModel, probeModel, serveModel, checkWorker };

/** Light activities, on the pipeline's queue. */
export const createPipelineActivities = (deps: ActivityDeps): Bound<typeof pipeline> => bind(deps, pipeline);
/** Activities that call a model, on the queue of its endpoint. */
export const createLlmActivities = (deps: ActivityDeps): Bound<typeof llm> => bind(deps, llm);
/** Activities that need a GPU node. */
export const createGpuActivities = (deps: ActivityDeps): Bound<typeof gpu> => bind(deps, gpu);

export type PipelineActivities = ReturnType<typeof createPipelineActivities>;
export type LlmActivities = ReturnType<typeof createLlmActivities>;
export type GpuActivities = ReturnType<typeof createGpuActivities>;

import type { ActivityFunction, ActivityInterfaceFor, UntypedActivities } from '@temporalio/workflow';
import type { GpuActivities, LlmActivities, PipelineActivities } from '../activities/index.ts';

/** What the UI's timeline says of an activity, where its step says no more. */
const SUMMARIES: Readonly<Record<keyof PipelineActivities | keyof LlmActivities | keyof GpuActivities, string>> = {
  listCandidates: 'read the sources and list candidates',
  selectInstructions: 'select the instructions',
  findUnfinished: 'what is unfinished',
  askAllowance: 'what the budget leaves',
  finishSample: 'join and filter',
  importSamples: 'import finished samples',
  assembleDataset: 'assemble the dataset',
  listPrompts: 'list the prompts',
  restoreCompletions: 'what is asked already',
  identifyModel: 'identify the model by its weights',
  importCompletions: 'import answers',
  buildPreferencePairs: 'pair the scored completions',
  prepareRows: 'check the given rows',
  prepareCalibration: 'what the judge is calibrated with',
  scoreCalibration: 'hold the judgements against the frozen ones',
  scoreEvaluation: 'score length and quality',
  pauseRun: 'pause the run',
  publishReport: 'publish the report',
  recordStage: 'record the stage',
  readStages: 'read what earlier stages made',
  openRun: 'lift an earlier pause',
  recordFiring: 'hold the scores against the last firing',
  pauseSchedule: 'pause the schedule',
  sendWebhook: 'tell the webhook',
  checkWorker: 'look around',
  planSample: 'plan',
  writeSections: 'write sections',
  summarizeSections: 'sum up what was written',
  sampleCompletions: 'ask for completions',
  judgeCompletions: 'judge completions',
  judgeInstruction: 'judge an instruction',
  trainModel: 'train',
  probeModel: 'ask the short prompts',
  serveModel: 'serve the model',
};

/** Activities that say in the timeline what they do, also where a step gives no summary of its own. */
export function withSummaries<A extends UntypedActivities>(
  activities: ActivityInterfaceFor<A>,
): ActivityInterfaceFor<A> {
  return new Proxy(activities, {
    get(target, name) {
      const activity = Reflect.get(target, name) as ActivityFunction & {
        executeWithOptions(options: object, args: unknown[]): Promise<unknown>;
      };
      const summary = SUMMARIES[name as keyof typeof SUMMARIES];
      return Object.assign((...args: unknown[]) => activity.executeWithOptions({ summary }, args), {
        executeWithOptions: (options: object, args: unknown[]) =>
          activity.executeWithOptions({ summary, ...options }, args),
      });
    },
  });
}

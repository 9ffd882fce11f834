import type { FindUnfinishedInput } from '../../activities/find-unfinished.ts';
import type { JudgeCompletionsInput, SampleCompletionsInput } from '../../activities/work-on-completions.ts';
import type { ItemResult } from '../../domain/tally.ts';
import type { JudgeInstructionInput } from '../../activities/judge-instruction.ts';
import type { SelectInstructionsInput } from '../../activities/select-instructions.ts';
import type { ServeModelInput } from '../../activities/serve-model.ts';
import type { RecordStageInput } from '../../activities/record-stage.ts';
import type { TrainModelInput } from '../../activities/train-model.ts';
import type { IdentifyModelInput } from '../../activities/identify-model.ts';
import type { ImportCompletionsInput } from '../../activities/import-completions.ts';
import type { ListPromptsInput } from '../../activities/list-prompts.ts';
import type { ProbeModelInput } from '../../activities/probe-model.ts';
import { Context } from '@temporalio/activity';
import { NO_SPENDING } from '../../domain/cost.ts';
import { SERVED_SIGNAL } from '../../domain/progress.ts';
import type { ModelGate, ProbeScores } from '../../domain/schemas/probe.ts';

const spending = NO_SPENDING;
const SPREAD = { min: 1, median: 1, mean: 1, max: 1 };

/** The activities of {@link goodActivities}, to put others in the place of some. */
export type GoodActivities = ReturnType<typeof goodActivities>['activities'];

/** Activities of a pipeline of two samples and two prompts that goes well; `trace` tells what was asked, in order. */
export function goodActivities(trace: string[]) {
  const model = (name: string) => ({
    name,
    identity: `id-${name}`,
    location: { kind: 'store', folder: name },
  });
  const records: RecordStageInput[] = [];
  return {
    records,
    activities: {
      listCandidates: async () => ({ folder: 'c', candidates: 3, read: 4, leftOut: { 'bad-row': 1 } }),
      judgeInstruction: async (_input: JudgeInstructionInput): Promise<object> => (
        trace.push('judge instruction'),
        { ok: true, needsLongText: true, spending }
      ),
      selectInstructions: async ({ candidates }: SelectInstructionsInput) => (
        trace.push('select'),
        { key: 'i', selected: 2, duplicates: 0, read: candidates.read, leftOut: candidates.leftOut, leftOutKey: 'l' }
      ),
      findUnfinished: async ({ work, offset, count }: FindUnfinishedInput) => ({
        items: Array.from({ length: count }, (_, index) =>
          work.kind === 'samples' ? { id: `${offset + index}` } : { id: `p${index}-0` },
        ),
        finished: { kept: 0, rejected: {}, words: 0, spending },
      }),
      planSample: async () => (trace.push('plan'), { ok: true, call: 'p', sections: [200], spending }),
      writeSections: async () => ({ written: ['s'], spending }),
      finishSample: async (): Promise<object> => ({ verdict: 'kept', words: 200, spending }),
      assembleDataset: async () => (
        trace.push('dataset'),
        { folder: 'd', fingerprint: 'f', selected: 2, kept: 2, general: 0, rejected: {}, failed: 0 }
      ),
      identifyModel: async ({ name = 'base' }: IdentifyModelInput) => model(name),
      trainModel: async ({ method, base, data }: TrainModelInput) => (
        trace.push(`${method} from ${base.name} on ${data}`),
        { model: model(method), folder: method, rows: 2 }
      ),
      probeModel: async ({ trained, base }: ProbeModelInput) => (
        trace.push(`probe ${trained.name} and ${base.name}`),
        gateOf(true)
      ),
      listPrompts: async ({ purpose, model: { name, location } }: ListPromptsInput) => ({
        ...(location.kind === 'predictions' ? { imported: { completions: 2, judged: false } } : {}),
        folder: `${purpose}-${name}`,
        prompts: 2,
        completions: 1,
        judgements: 1,
        positions: false,
      }),
      importCompletions: async ({ key }: ImportCompletionsInput) => void trace.push(`import ${key}`),
      restoreCompletions: async () => ({ missing: 1 }),
      serveModel: async ({ model: { identity } }: ServeModelInput) => serveUntilCancelled(identity, trace),
      sampleCompletions: async ({ items }: SampleCompletionsInput): Promise<ItemResult[]> =>
        items.map(() => (trace.push('complete'), { verdict: 'kept', words: 5, spending })),
      judgeCompletions: async ({ items }: JudgeCompletionsInput): Promise<ItemResult[]> =>
        items.map(() => (trace.push('judge'), { verdict: 'kept', spending })),
      buildPreferencePairs: async () => (
        trace.push('pairs'),
        { folder: 'preferences-sft', prompts: 2, pairs: 2, general: 0, generalAsked: 0, dropped: {}, spread: SPREAD }
      ),
      prepareCalibration: async (): Promise<object | null> => null,
      scoreCalibration: async ({ folder }: { folder: string }) => ({ folder }),
      scoreEvaluation: async ({ folder }: { folder: string }) => ({
        folder,
        completions: 2,
        words: 5,
        lengthScore: 1,
        qualityScore: 1,
      }),
      publishReport: async () => (trace.push('report'), { path: 'report.html' }),
      pauseRun: async () => undefined,
      openRun: async () => undefined,
      recordFiring: async () => ({ outcome: 'steady', message: '', failuresInARow: 0 }),
      recordStage: async (input: RecordStageInput) => void records.push(input),
      readStages: async (): Promise<object[]> => records,
    },
  };
}

/** The verdict of a gate over twelve prompts: S_l stays at 60, or falls to 10. */
export function gateOf(passed: boolean): ModelGate {
  const scores = (lengthScore: number): ProbeScores => ({
    ...{ answers: 12, lengthScore, repeated: 0.1, words: 80, stopped: 12, degenerate: {} },
  });
  const base = scores(60);
  if (passed) return { passed, reasons: [], trained: base, base };
  return { passed, reasons: [{ kind: 'length-score', value: 50, limit: 10 }], trained: scores(10), base };
}

/** What serveModel does, without a server: says that it is up, beats, and ends when it is cancelled. */
export async function serveUntilCancelled(identity: string, trace: string[]): Promise<void> {
  const context = Context.current();
  const { workflowId, runId } = context.info.workflowExecution!;
  const beat = setInterval(() => context.heartbeat(), 200);
  try {
    trace.push(`up ${identity}`);
    const report = { identity, node: 'n', attempt: context.info.attempt };
    await context.client.workflow.getHandle(workflowId, runId).signal(SERVED_SIGNAL, report);
    await context.cancelled;
  } finally {
    clearInterval(beat);
    trace.push(`down ${identity}`);
  }
}

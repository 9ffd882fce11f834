import { z } from 'zod';
import { addCosts, NO_COST } from '../domain/cost.ts';
import { EMBEDDED } from '../domain/names.ts';
import type { Cost } from '../domain/schemas/call.ts';
import { Calibration, EvaluationScores, type RunScores } from '../domain/schemas/evaluation.ts';
import type { StageRecord } from '../domain/schemas/run.ts';
import { parseEvents } from '../domain/trainer-events.ts';
import { compareEvaluations } from './compare-evaluations.ts';
import type { ActivityDeps } from './deps.ts';
import { readJson, readJsonLines, readText } from './io/store/json.ts';
import { readExamples } from './read-examples.ts';
import { readStages } from './record-stage.ts';
import type { ReportData } from './report/data.ts';
import { modelIdentity, type RunReference } from './run-files.ts';
import type { StageOutcomes } from './stage-outcomes.ts';
import { stageSummary } from './stage-summary.ts';
import { readCurve } from './training-curve.ts';

/** Everything that a run's stages left for its report; a stage that did not run is absent from it. */
export async function readReportData(deps: ActivityDeps, input: RunReference): Promise<ReportData> {
  const config = await deps.files.config(input);
  const records = await readStages(deps, input);
  const outcomes = Object.fromEntries(records.map(({ stage, outcome }) => [stage, outcome])) as Partial<StageOutcomes>;
  const folders = (outcomes.evaluate?.models ?? []).map(({ folder }) => folder);
  const { evaluations, comparisons, calibration } = await readScores(deps, outcomes.evaluate);
  return {
    run: input.run,
    stages: records
      .filter(({ stage }) => stage !== 'report')
      .map((record) => ({
        stage: record.stage,
        seconds: seconds(record),
        summary: stageSummary(record.stage, outcomes),
      })),
    ...(outcomes.dataset ? { dataset: await datasetData(deps, config.dataset.name, outcomes.dataset) } : {}),
    trainings: await Promise.all(
      (['sft', 'dpo'] as const).flatMap((method) => {
        const outcome = outcomes[method];
        return outcome ? [trainingData(deps, method, outcome)] : [];
      }),
    ),
    ...(outcomes.preferences ? { preferences: outcomes.preferences } : {}),
    evaluations,
    comparisons,
    ...(calibration ? { calibration } : {}),
    examples: await Promise.all(evaluations.map((one, index) => readExamples(deps, folders[index]!, one))),
    writer: { model: modelIdentity(config, 'writer') },
    judgeIsStandIn: config.endpoints.judge.baseUrl === EMBEDDED,
    calls: countCalls(outcomes),
  };
}

async function readScores(
  { store }: ActivityDeps,
  evaluate: StageOutcomes['evaluate'] | undefined,
): Promise<Omit<RunScores, 'run'>> {
  const evaluations = await Promise.all(
    (evaluate?.models ?? []).map(({ folder }) => readJson(store, `${folder}/scores.json`, EvaluationScores)),
  );
  const calibration = evaluate?.calibration;
  return {
    evaluations,
    comparisons: compareEvaluations(evaluations),
    ...(calibration === undefined
      ? {}
      : { calibration: await readJson(store, `${calibration}/calibration.json`, Calibration) }),
  };
}

async function datasetData(
  deps: ActivityDeps,
  name: string,
  dataset: StageOutcomes['dataset'],
): Promise<NonNullable<ReportData['dataset']>> {
  const rows = await readJsonLines(
    deps.store,
    `${dataset.folder}/samples.jsonl`,
    z.object({ required: z.number().nullable(), words: z.number() }),
  );
  return {
    name,
    selected: dataset.selected,
    kept: dataset.kept,
    rejected: dataset.rejected,
    failed: dataset.failed,
    words: rows.map(({ words }) => words),
    points: rows.flatMap(({ required, words }) => (required === null ? [] : [{ required, written: words }])),
  };
}

async function trainingData(
  deps: ActivityDeps,
  method: 'sft' | 'dpo',
  { folder, rows, gate }: StageOutcomes['dpo'],
): Promise<ReportData['trainings'][number]> {
  const events = parseEvents(await readText(deps.store, `${folder}/events.jsonl`));
  return { method, rows, gate, ...readCurve(events) };
}

/** Sums what the stages say they took: their calls hold all texts, which are too many to be read for a few counts. */
function countCalls({ select, generate, preferences, evaluate }: Partial<StageOutcomes>): Cost {
  const stages = [select, generate, preferences, ...(evaluate?.models ?? [])];
  return addCosts(...stages.map((stage) => stage?.spending.used ?? NO_COST));
}

function seconds({ startedAt, endedAt }: StageRecord): number {
  return (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
}

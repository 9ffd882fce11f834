import { callKey, reportKey, samplesFolder } from '../domain/keys.ts';
import { Call } from '../domain/schemas/call.ts';
import { Completion, Judgement } from '../domain/schemas/completion.ts';
import { EvaluationScores } from '../domain/schemas/evaluation.ts';
import type { StageRecord } from '../domain/schemas/run.ts';
import { Sample } from '../domain/schemas/sample.ts';
import { z } from 'zod';
import type { ActivityDeps } from './deps.ts';
import { whileBeating } from './heartbeat.ts';
import { findJson, readJson, readJsonLines, readText } from './io/store/json.ts';
import { readStages } from './record-stage.ts';
import type { ReportData } from './report/data.ts';
import { modelIdentity, type RunReference } from './run-files.ts';
import type { StageOutcomes } from './stage-outcomes.ts';
import { parseEvents } from './watch-job.ts';
import { stageSummary } from './stage-summary.ts';
import { readCurve } from './training-curve.ts';

/** Gathers what a run's stages left and draws the report; a stage that did not run is absent from it. */
export async function publishReport(deps: ActivityDeps, input: RunReference): Promise<{ path: string }> {
  return whileBeating(async () => {
    const data = await reportData(deps, input);
    // Charts are large, and only this needs them.
    const { renderReport } = await import('./report/report.ts');
    const path = reportKey(input.run);
    await deps.store.putView(path, new TextEncoder().encode(renderReport(data)));
    return { path };
  });
}

async function reportData(deps: ActivityDeps, input: RunReference): Promise<ReportData> {
  const config = await deps.files.config(input);
  const records = await readStages(deps, input);
  const outcomes = Object.fromEntries(records.map(({ stage, outcome }) => [stage, outcome])) as Partial<StageOutcomes>;
  const evaluations = (outcomes.evaluate?.models ?? []).map(({ folder }) => folder);
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
    evaluations: await Promise.all(
      evaluations.map((folder) => readJson(deps.store, `${folder}/scores.json`, EvaluationScores)),
    ),
    writer: { model: modelIdentity(config, 'writer') },
    judgeIsStandIn: config.endpoints.judge.baseUrl === 'embedded',
    calls: await countCalls(deps, input.run, outcomes),
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

/** Counts the calls that the run's results come from, with their tokens. */
async function countCalls(
  deps: ActivityDeps,
  run: string,
  outcomes: Partial<StageOutcomes>,
): Promise<ReportData['calls']> {
  const ids = new Set<string>();
  const folders = [outcomes.preferences?.folder, ...(outcomes.evaluate?.models ?? []).map(({ folder }) => folder)];
  for await (const path of deps.store.list(samplesFolder(run))) {
    const sample = await findJson(deps.store, path, Sample);
    if (sample?.plan) ids.add(sample.plan.call);
    for (const { call } of sample?.sections ?? []) if (call !== undefined) ids.add(call);
  }
  for (const folder of folders.filter((one) => one !== undefined)) {
    for await (const path of deps.store.list(`${folder}/completions`)) {
      const { call } = await readJson(deps.store, path, Completion);
      if (call !== undefined) ids.add(call);
    }
    for await (const path of deps.store.list(`${folder}/judgements`)) {
      for (const call of (await readJson(deps.store, path, Judgement)).calls) ids.add(call);
    }
  }
  const total = { count: 0, promptTokens: 0, cachedTokens: 0, completionTokens: 0 };
  for (const id of ids) {
    const { usage } = (await readJson(deps.store, callKey(id), Call)).answer;
    total.count += 1;
    total.promptTokens += usage.promptTokens;
    total.cachedTokens += usage.cachedTokens;
    total.completionTokens += usage.completionTokens;
  }
  return total;
}

function seconds({ startedAt, endedAt }: StageRecord): number {
  return (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
}

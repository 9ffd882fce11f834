import { completionKey } from '../domain/keys.ts';
import { Completion } from '../domain/schemas/completion.ts';
import type { EvaluationScores, ScoredPoint } from '../domain/schemas/evaluation.ts';
import type { ActivityDeps } from './deps.ts';
import { findJson } from './io/store/json.ts';
import type { ExampleAnswer, ReportData } from './report/data.ts';

/** Answers that a report shows from each end. */
const SHOWN = 3;

/** The best and the worst answers of a model with their texts, of which no others are read. */
export async function readExamples(
  deps: ActivityDeps,
  folder: string,
  { model, points }: EvaluationScores,
): Promise<NonNullable<ReportData['examples']>[number]> {
  const ranked = rankPoints(points);
  const atBottom = Math.min(SHOWN, Math.floor(ranked.length / 2));
  const atTop = Math.min(SHOWN, ranked.length - atBottom);
  const prompts = new Map((await deps.files.prompts(`${folder}/prompts.jsonl`)).map(({ id, prompt }) => [id, prompt]));
  const read = async (some: readonly Ranked[]): Promise<ExampleAnswer[]> => {
    const answers = await Promise.all(
      some.map(async ({ point, overall }) => {
        const view = await findJson(deps.store, completionKey(folder, point.prompt, point.completion), Completion);
        return view && { prompt: prompts.get(point.prompt) ?? '', text: view.text, point, overall };
      }),
    );
    return answers.filter((answer) => answer !== undefined);
  };
  return {
    model,
    best: await read(ranked.slice(0, atTop)),
    worst: await read(ranked.slice(ranked.length - atBottom).toReversed()),
  };
}

interface Ranked {
  readonly point: ScoredPoint;
  readonly overall: number;
}

/** Answers with a score, by their own S̄ from the highest on; equal ones keep their order. */
function rankPoints(points: readonly ScoredPoint[]): Ranked[] {
  return points
    .flatMap((point) =>
      point.qualityScore === null ? [] : [{ point, overall: (point.lengthScore + point.qualityScore) / 2 }],
    )
    .toSorted((a, b) => b.overall - a.overall);
}

import type { RunConfig } from '../configs/schema.ts';
import { fingerprint } from '../domain/fingerprint.ts';
import { STAGES, type Stage } from '../domain/names.ts';
import { walkAlone } from './runs.ts';

/** What each stage depends on, beside the stages before it. */
const DEPENDS: { readonly [S in Stage]?: (config: RunConfig) => unknown } = {
  select: ({ instructions, imports, prompts, endpoints, evaluation }) => {
    const { model, decontaminate } = instructions;
    return [
      instructions,
      imports,
      decontaminate ? evaluation.benchmark : null,
      model
        ? [
            prompts.selection,
            endpoints[model.endpoint].provider,
            endpoints[model.endpoint].model,
            endpoints[model.endpoint].dialect.stripThinking,
          ]
        : null,
    ];
  },
  generate: ({ generation, filter, prompts, endpoints }) => [
    generation.plan,
    generation.section,
    generation.maxDraws,
    filter,
    prompts.plan,
    prompts.section,
    prompts.summary,
    endpoints.writer.provider,
    endpoints.writer.model,
    endpoints.writer.dialect.stripThinking,
  ],
  dataset: ({ dataset, filter, evaluation, seed }) => [
    dataset,
    seed,
    filter.contamination ? evaluation.benchmark : null,
  ],
  sft: ({ training }) => [training.baseModel, training.chatTemplate, training.sft],
  preferences: ({ preferences, judge, prompts, endpoints }) => [
    preferences,
    judge,
    prompts.judge,
    preferences.level === 'section' ? prompts.step : null,
    endpoints.judge.provider,
    endpoints.judge.model,
    endpoints.judge.dialect.stripThinking,
    endpoints.served.dialect.stripThinking,
  ],
  dpo: ({ training }) => training.dpo,
  evaluate: ({ evaluation }) => evaluation,
};

/** The stages that another configuration makes stale: the first one that depends on what changed, and all after it. */
export function staleStages(before: RunConfig, after: RunConfig): Stage[] {
  const first = STAGES.findIndex((stage) => {
    const depends = DEPENDS[stage] ?? (() => null);
    return fingerprint(depends(before) ?? null) !== fingerprint(depends(after) ?? null);
  });
  if (first < 0) return [];
  const alone = walkAlone(after);
  return alone ? STAGES.slice(STAGES.indexOf(alone.from), STAGES.indexOf(alone.until) + 1) : STAGES.slice(first);
}

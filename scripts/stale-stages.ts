import type { RunConfig } from '../configs/schema.ts';
import { fingerprint } from '../domain/fingerprint.ts';
import { isJudgeAsked } from '../domain/judge-asked.ts';
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
  preferences: (config) => [
    config.preferences,
    isJudgeAsked(config, ['preferences']) ? judgingOf(config) : null,
    config.preferences.level === 'section' ? config.prompts.step : null,
    config.endpoints.served.dialect.stripThinking,
  ],
  dpo: ({ training }) => training.dpo,
  evaluate: (config) => [config.evaluation, isJudgeAsked(config, ['evaluate']) ? judgingOf(config) : null],
};

/** Everything that decides what the judge says. */
function judgingOf({ judge, prompts, endpoints }: RunConfig): unknown {
  const { provider, model, dialect } = endpoints.judge;
  return [judge, prompts.judge, provider, model, dialect.stripThinking];
}

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

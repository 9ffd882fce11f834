import type { RunConfig } from '../configs/schema.ts';
import { contaminationIndex } from '../domain/contamination.ts';
import { nearDuplicates } from '../domain/near-duplicates.ts';
import type { Candidate, SelectionStep } from '../domain/schemas/instruction.ts';
import { benchmarkPassages } from './benchmark-passages.ts';
import type { ActivityDeps } from './deps.ts';
import { parsePromptRules } from './io/rows/prompt-rules.ts';

/** A candidate as a step sees it, with the marks of its file. */
export interface MarkedCandidate extends Candidate {
  readonly marks: readonly string[];
}

/** A step of a selection: why it leaves a candidate out, or undefined where it lets it through. */
export interface Step {
  readonly name: SelectionStep;
  readonly refuse: (candidate: MarkedCandidate) => string | undefined;
}

/** The steps before the model that a configuration asks for, in their order; a step remembers what it let through. */
export async function selectionSteps(deps: ActivityDeps, config: RunConfig): Promise<Step[]> {
  const steps = [
    languageStep(config),
    duplicateStep(),
    await ruleStep(deps, config),
    await contaminationStep(deps, config),
    // After all others: what is left out here is near to one that they let through.
    nearDuplicateStep(config),
  ];
  return steps.filter((step) => step !== undefined);
}

function languageStep({ instructions: { languages } }: RunConfig): Step | undefined {
  if (!languages) return undefined;
  return {
    name: 'language',
    refuse: ({ language }) =>
      language !== undefined && languages.includes(language) ? undefined : (language ?? 'not to be told'),
  };
}

function duplicateStep(): Step {
  const known = new Map<string, string>();
  return {
    name: 'duplicate',
    refuse: ({ instruction: { id }, source, line }) => {
      const first = known.get(id);
      if (first === undefined) known.set(id, `of ${source}:${line}`);
      return first;
    },
  };
}

async function ruleStep(deps: ActivityDeps, { instructions: { rules } }: RunConfig): Promise<Step | undefined> {
  if (rules?.file === undefined) return undefined;
  const find = parsePromptRules(rules.file, await deps.files.text(rules.file));
  return {
    name: 'rule',
    refuse: ({ instruction: { prompt }, marks: [mark] }) => {
      if (mark !== undefined) return `${mark}, says its file`;
      const hit = find(prompt);
      return hit && `${hit.rule}: ${JSON.stringify(hit.text)}`;
    },
  };
}

function nearDuplicateStep({ instructions }: RunConfig): Step | undefined {
  if (!instructions.nearDuplicates) return undefined;
  const known = nearDuplicates(instructions.nearDuplicates);
  return {
    name: 'near-duplicate',
    refuse: ({ instruction: { id, prompt } }) => {
      const near = known.add(id, prompt);
      return near && `of ${near.id}, similarity ${near.similarity.toFixed(2)}`;
    },
  };
}

async function contaminationStep(deps: ActivityDeps, config: RunConfig): Promise<Step | undefined> {
  const { decontaminate } = config.instructions;
  if (!decontaminate) return undefined;
  const index = contaminationIndex(await benchmarkPassages(deps.store, config), decontaminate.gramTokens);
  return {
    name: 'contamination',
    refuse: ({ instruction: { prompt } }) => {
      const overlap = index.find(prompt);
      return overlap && `${overlap.tokens} tokens of ${overlap.source}: ${JSON.stringify(overlap.text)}`;
    },
  };
}

import {
  addEstimates,
  callEstimate,
  nothing,
  trainingEstimate,
  type Assumptions,
  type Calls,
  type EstimatedEndpoint,
  type StageEstimate,
} from './estimate.ts';
import type { Stage } from './names.ts';

/** Texts that are asked for: how many, and the mean of their instructions in tokens and of what they ask for in words. */
export interface AskedTexts {
  readonly count: number;
  readonly promptTokens: number;
  readonly words: number;
}

/** How a training goes over its rows. */
export interface TrainingRounds {
  readonly epochs: number;
  readonly maxSteps?: number | undefined;
  readonly batchSize: number;
  readonly maxLength: number;
}

/** A run as far as it decides what it takes. */
export interface EstimatedRun {
  readonly writer: EstimatedEndpoint;
  readonly judge: EstimatedEndpoint;
  readonly served: EstimatedEndpoint;
  /** Instructions whose need of a long text a model is asked about; none where no model is. */
  readonly candidates:
    { readonly count: number; readonly promptTokens: number; readonly endpoint: EstimatedEndpoint } | undefined;
  readonly texts: AskedTexts;
  readonly plan: { readonly minSections: number; readonly maxSections: number; readonly sectionWords: number };
  readonly planMaxTokens: number;
  readonly sectionMaxTokens: number;
  /** Rows that a training has beside our own, and the share of ours that is held out. */
  readonly imported: number;
  readonly testFraction: number;
  readonly generalRows: number;
  readonly generalPairs: number;
  readonly sft: TrainingRounds;
  readonly dpo: TrainingRounds;
  readonly preferences: {
    readonly prompts: number;
    readonly steps: number;
    readonly completions: number;
    /** Judgements of each completion. */
    readonly judgements: number;
    readonly level: 'text' | 'section';
    readonly maxTokens: number;
  };
  readonly judging: { readonly windowWords: number; readonly maxTokens: number };
  readonly evaluation: {
    readonly prompts: AskedTexts;
    readonly completions: number;
    readonly judgements: number;
    readonly positionWords: number | undefined;
    readonly maxTokens: number;
    readonly models: readonly EstimatedEndpoint[];
    /** Answers that are there already, and are judged. */
    readonly given: number;
  };
}

type Estimate = (run: EstimatedRun, assumed: Assumptions) => StageEstimate;

/** What each stage takes, about: at most, where a filter or a gate stands before it. */
export const ESTIMATES: { readonly [S in Stage]: Estimate } = {
  select: ({ candidates }, assumed) => {
    if (!candidates) return nothing('select');
    const prompt = candidates.promptTokens + assumed.templateTokens;
    return callEstimate('select', asked(candidates.count, prompt, 60, assumed.draws), candidates.endpoint, assumed);
  },
  generate: (run, assumed) => callEstimate('generate', writtenTexts(run, assumed), run.writer, assumed),
  dataset: () => nothing('dataset'),
  sft: (run, assumed) => {
    const { count, promptTokens, words } = trainTexts(run);
    const own = capped(promptTokens + words * assumed.tokensPerWord, run.sft.maxLength);
    const rows = count + run.generalRows;
    const tokens = count * own + run.generalRows * capped(assumed.generalTokens, run.sft.maxLength);
    return trainingEstimate('sft', tokens * rounds(run.sft, rows), false, assumed);
  },
  preferences: (run, assumed) => {
    const prompts = preferencePrompts(run);
    const { completions, judgements } = run.preferences;
    const tokens = answerTokens(run, assumed);
    const completed = asked(prompts * completions, run.texts.promptTokens + assumed.templateTokens, tokens, 1);
    return addEstimates(
      callEstimate('preferences', completed, run.served, assumed),
      judged(
        'preferences',
        run,
        prompts * completions * judgements,
        tokens / assumed.tokensPerWord,
        run.texts.promptTokens,
        assumed,
      ),
    );
  },
  dpo: (run, assumed) => {
    const pairs = preferencePrompts(run);
    const own = capped(run.texts.promptTokens + answerTokens(run, assumed), run.dpo.maxLength);
    const tokens = 2 * (pairs * own + run.generalPairs * capped(assumed.generalTokens, run.dpo.maxLength));
    return trainingEstimate('dpo', tokens * rounds(run.dpo, pairs + run.generalPairs), true, assumed);
  },
  evaluate: (run, assumed) => {
    const { prompts, completions, judgements, positionWords, maxTokens, models, given } = run.evaluation;
    const count = prompts.count * completions;
    const tokens = capped(prompts.words * assumed.tokensPerWord, maxTokens);
    const words = tokens / assumed.tokensPerWord;
    const answers = asked(count, prompts.promptTokens + assumed.templateTokens, tokens, 1);
    const judging = count * models.length + given;
    const windows = positionWords === undefined ? 0 : Math.ceil(words / positionWords);
    return addEstimates(
      nothing('evaluate'),
      ...models.map((endpoint) => callEstimate('evaluate', answers, endpoint, assumed)),
      judged('evaluate', run, judging * judgements, words, prompts.promptTokens, assumed),
      windows === 0
        ? nothing('evaluate')
        : judged('evaluate', run, judging * windows, words / windows, prompts.promptTokens, assumed),
    );
  },
  report: () => nothing('report'),
};

/** A plan for each text, and its sections one after the other, each asked for with all before it. */
function writtenTexts({ texts, plan, planMaxTokens, sectionMaxTokens }: EstimatedRun, assumed: Assumptions): Calls {
  const sections = sectionsOf(texts.words, plan);
  const outline = capped(sections * assumed.planTokens, planMaxTokens);
  const section = capped((texts.words / sections) * assumed.tokensPerWord, sectionMaxTokens);
  const prompt = texts.promptTokens + assumed.templateTokens;
  // Before section k stand k others.
  const sectionPrompts = sections * (prompt + outline) + (section * sections * (sections - 1)) / 2;
  const answers = texts.count * assumed.draws;
  return {
    calls: answers * (1 + sections),
    promptTokens: answers * (prompt + sectionPrompts),
    completionTokens: answers * (outline + sections * section),
    chainTokens: texts.count === 0 ? 0 : assumed.draws * (outline + sections * section),
  };
}

/** Sections that a text of so many words is planned with. */
export function sectionsOf(words: number, { minSections, maxSections, sectionWords }: EstimatedRun['plan']): number {
  return Math.min(maxSections, Math.max(minSections, Math.round(words / sectionWords)));
}

function asked(answers: number, prompt: number, completion: number, draws: number): Calls {
  const calls = answers * draws;
  return {
    calls,
    promptTokens: calls * prompt,
    completionTokens: calls * completion,
    chainTokens: calls > 0 ? completion : 0,
  };
}

/** Judgements of so many texts; one that is longer than the judge reads at once is read in windows. */
function judged(
  stage: Stage,
  { judging, judge }: EstimatedRun,
  texts: number,
  words: number,
  promptTokens: number,
  assumed: Assumptions,
): StageEstimate {
  const windows = Math.max(1, Math.ceil(words / judging.windowWords));
  const text = (words / windows) * assumed.tokensPerWord;
  // What is asked of a judge is about twice as long as what is asked of a writer.
  const prompt = promptTokens + 2 * assumed.templateTokens + text;
  const answer = capped(assumed.judgeTokens, judging.maxTokens);
  return callEstimate(stage, asked(texts * windows, prompt, answer, assumed.draws), judge, assumed);
}

function trainTexts({ texts, imported, testFraction }: EstimatedRun): AskedTexts {
  return { ...texts, count: (texts.count + imported) * (1 - testFraction) };
}

function preferencePrompts(run: EstimatedRun): number {
  const { prompts, level, steps } = run.preferences;
  return Math.min(prompts, trainTexts(run).count) * (level === 'section' ? steps : 1);
}

/** Tokens of one completion that a pair compares. */
function answerTokens({ texts, plan, preferences }: EstimatedRun, { tokensPerWord }: Assumptions): number {
  const words = preferences.level === 'section' ? texts.words / sectionsOf(texts.words, plan) : texts.words;
  return capped(words * tokensPerWord, preferences.maxTokens);
}

/** How often a training sees its rows. */
function rounds({ epochs, maxSteps, batchSize }: TrainingRounds, rows: number): number {
  if (rows === 0) return 0;
  return maxSteps === undefined ? epochs : Math.min(epochs, (maxSteps * batchSize) / rows);
}

const capped = Math.min;

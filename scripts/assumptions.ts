import type { RunConfig } from '../configs/schema.ts';
import type { Assumptions } from '../domain/estimate.ts';
import type { Stage } from '../domain/names.ts';
import type { CountedFiles } from './estimate-files.ts';
import { CommandError, EXIT } from './exit.ts';
import { oneOf } from './one-of.ts';

/** One assumption as a person is told it. */
export interface Assumed {
  readonly name: keyof Assumptions;
  readonly value: number;
  /** What it says, and where it is from. */
  readonly text: string;
}

/** What is assumed where nothing says better. Throughputs are those of an H100 and of a hosted model, in round numbers. */
const DEFAULTS: { readonly [N in keyof Assumptions]: readonly [value: number, text: string] } = {
  words: [5000, 'words of a text; no instruction states a length'],
  tokensPerWord: [1.4, 'tokens a word; less of English, more of Chinese characters'],
  draws: [1.1, 'answers asked for, for each one accepted'],
  templateTokens: [250, 'tokens of a prompt beside instruction, plan and texts'],
  planTokens: [40, 'tokens of a plan, a section'],
  judgeTokens: [150, "tokens of a judge's answer"],
  generalTokens: [600, 'tokens of a general SFT row, or of an answer of a general pair'],
  workers: [1, "workers that poll an endpoint's queue"],
  tokensPerSecond: [40, 'tokens a second that an endpoint writes in one call'],
  servedTokensPerSecond: [1500, 'tokens a second that a served model writes in all calls together'],
  parameters: [0, 'parameters of the base model; nothing says it, so GPU hours are not known'],
  teraflops: [350, '10^12 operations a second of a GPU in training: an H100 at 35 % of its peak'],
  trainingGpus: [1, 'GPUs that train'],
  servingGpus: [1, 'GPUs that serve a model'],
};

const NAMES = Object.keys(DEFAULTS) as (keyof Assumptions)[];

const CALLS = ['draws', 'templateTokens', 'workers', 'tokensPerSecond'] as const;
const TEXTS = ['words', 'tokensPerWord'] as const;
const SERVED = ['servedTokensPerSecond', 'servingGpus', 'judgeTokens'] as const;
const TRAINED = ['generalTokens', 'parameters', 'teraflops', 'trainingGpus'] as const;

/** What the estimate of each stage assumes. */
const USED: { readonly [S in Stage]: readonly (keyof Assumptions)[] } = {
  select: CALLS,
  generate: [...TEXTS, ...CALLS, 'planTokens'],
  dataset: [],
  sft: [...TEXTS, ...TRAINED],
  preferences: [...TEXTS, ...CALLS, ...SERVED],
  dpo: [...TEXTS, ...TRAINED],
  evaluate: ['tokensPerWord', ...CALLS, ...SERVED],
  report: [],
};

/**
 * What an estimate assumes: what was typed, else what the configuration and its files say, else the defaults. Fails with exit
 * code 2 on an unknown name or a value that is not above 0.
 *
 * @param stages those that are estimated: what others assume is not listed
 * @param typed `name=value`, as of --assume
 */
export function assumptionsOf(
  config: RunConfig,
  { texts }: CountedFiles,
  stages: readonly Stage[],
  typed: readonly string[],
): { readonly assumed: Assumptions; readonly list: readonly Assumed[] } {
  const given = new Map(typed.map(readAssumption));
  const said = new Map<keyof Assumptions, readonly [number, string]>();
  if (texts.stated > 0)
    said.set('words', [texts.words, `words of a text: the mean of ${texts.stated} instructions that state a length`]);
  const parameters = parametersOf(config.training.baseModel);
  if (parameters !== undefined) said.set('parameters', [parameters, 'parameters, by the name of the base model']);
  const { launcher } = config.training;
  const gpus = launcher.kind === 'slurm' ? /gpu(?::\w+)*:(\d+)/.exec(launcher.gres ?? '')?.[1] : undefined;
  if (gpus !== undefined) said.set('trainingGpus', [Number(gpus), 'GPUs that train, by training.launcher.gres']);
  const list = NAMES.map((name) => {
    const [value, text] = said.get(name) ?? DEFAULTS[name];
    const own = given.get(name);
    return own === undefined
      ? { name, value, text }
      : { name, value: own, text: `${DEFAULTS[name][1].split(/[;:]/)[0]}, as told` };
  });
  const assumed = Object.fromEntries(list.map(({ name, value }) => [name, value])) as unknown as Assumptions;
  const used = new Set(stages.flatMap((stage) => USED[stage]));
  return { assumed, list: list.filter(({ name }) => used.has(name)) };
}

function readAssumption(text: string): [keyof Assumptions, number] {
  const [name = '', value = ''] = text.split('=');
  const known = oneOf('--assume', name, NAMES);
  if (!(Number(value) > 0) || !Number.isFinite(Number(value)))
    throw new CommandError(EXIT.usage, `--assume ${text}: expected ${known}= and a number above 0`);
  return [known, Number(value)];
}

/** The size that a model's name tells, as 9b or 135m does; undefined where it tells none. */
export function parametersOf(model: string): number | undefined {
  const name = model.split('/').at(-1) ?? '';
  const found = [...name.matchAll(/(?<![a-z\d.])(\d+(?:\.\d+)?)(b|m)(?![a-z\d])/gi)].at(-1);
  return found && Number(found[1]) * (found[2]!.toLowerCase() === 'b' ? 1e9 : 1e6);
}

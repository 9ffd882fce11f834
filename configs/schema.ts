import { z } from 'zod';
import { isJudgeAsked } from '../domain/judge-asked.ts';
import { EMBEDDED, isModelName, STAGES } from '../domain/names.ts';
import { gates } from './gates.ts';
import { LauncherSettings, training } from './training.ts';

const positive = z.number().positive();
const count = z.number().int().positive();
const fraction = z.number().min(0).max(1);
const path = z.string().min(1);

/** How a model's tokens are drawn. */
export const Sampling = z.strictObject({
  temperature: z.number().min(0).max(2).default(1).describe('0 to 2'),
  topP: z.number().gt(0).max(1).optional().describe('nucleus, above 0 to 1; left to the endpoint where unset'),
  maxTokens: count.default(4096).describe('tokens an answer may have at most'),
  extra: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .default({})
    .describe('further request fields of the endpoint, such as repeat_penalty (llama.cpp)'),
});
export type Sampling = z.infer<typeof Sampling>;

/** What is peculiar to an OpenAI-compatible endpoint. */
export const Dialect = z.strictObject({
  maxTokensField: z.enum(['max_tokens', 'max_completion_tokens']).default('max_tokens'),
  temperature: z.enum(['send', 'omit']).default('send'),
  seed: z.enum(['send', 'omit']).default('send'),
  streamUsage: z.boolean().default(true).describe('ask for token counts at the end of a stream'),
  stripThinking: z.boolean().default(false).describe('drop <think>…</think> before an answer is read'),
});
export type Dialect = z.infer<typeof Dialect>;

const limits = z.strictObject({
  inFlight: count.default(8).describe('calls at once, of one worker'),
  requestsPerMinute: positive
    .optional()
    .describe('requests a minute of the endpoint; divided by the workers that poll its queue'),
  tokensPerMinute: positive
    .optional()
    .describe('tokens a minute of the endpoint, prompts included; divided by the workers that poll its queue'),
  timeoutSeconds: count.default(600).describe('seconds one call may take'),
  goneAfterSeconds: count
    .default(300)
    .describe('seconds out of reach after which the endpoint is gone: the run pauses'),
});

/** An OpenAI-compatible base URL with a model. Keys are named by environment variable, never held. */
export const Endpoint = z.strictObject({
  provider: z.string().min(1).default('openai').describe('who serves the model; part of what a call is known by'),
  model: z.string().min(1).describe('model name, as the endpoint knows it'),
  baseUrl: z
    .union([z.literal(EMBEDDED), z.url()])
    .describe('ends in /v1 as a rule; "embedded" is the model server that npm start brings up'),
  apiKeyEnv: z.string().min(1).optional().describe('environment variable, on the workers, that holds the key'),
  limits: limits.prefault({}),
  dialect: Dialect.prefault({}),
});
export type Endpoint = z.infer<typeof Endpoint>;

/** What `served` may differ in: where it is comes from the lease, and who it is from its weights. */
const servedEndpoint = z.strictObject({ limits: limits.prefault({}), dialect: Dialect.prefault({}) });

/** What a model's tokens cost. */
export const PriceEntry = z.strictObject({
  prompt: z.number().min(0).describe('dollars for a million prompt tokens'),
  cached: z.number().min(0).optional().describe('the same for those from the cache; like the others where unset'),
  completion: z.number().min(0).describe('dollars for a million tokens that the model wrote'),
});

const budget = z
  .strictObject({
    dollars: positive.optional().describe('dollars, by the prices'),
    tokens: count.optional().describe('tokens, those of prompts and answers together'),
  })
  .refine((value) => (value.dollars === undefined) !== (value.tokens === undefined), 'give dollars or tokens');

const column = z.string().min(1);

/** A file of instructions, and how its rows are read. */
export const InstructionSource = z.strictObject({
  file: path.describe('a path from this file on, or gs://bucket/path'),
  name: z.string().min(1).optional().describe('what messages and reports call it; its file where unset'),
  form: z
    .enum(['auto', 'rows', 'wildchat', 'lines'])
    .default('auto')
    .describe("rows of JSON Lines or Parquet, conversations in WildChat's form, or a prompt a line; auto is rows"),
  columns: z
    .strictObject({
      prompt: column.optional().describe('prompt where unset'),
      length: column.optional().describe('words or Chinese characters required; length, if there, where unset'),
      type: column.optional().describe('type, if there, where unset'),
      documents: column.optional().describe('list of reference documents; documents, if there, where unset'),
    })
    .prefault({}),
  limit: count.optional().describe('rows read, from the start'),
});
export type InstructionSource = z.infer<typeof InstructionSource>;

const language = z.string().regex(/^[a-z]{2}$/, 'expected a code of two letters, such as en or zh');

/** How instructions are selected: steps in this order, each off where it is unset, all counted. */
const instructions = z.strictObject({
  sources: z.array(InstructionSource).default([]),
  badRows: z
    .enum(['fail', 'reject'])
    .default('fail')
    .describe('whether a row that cannot be used fails the start, or is counted and left out'),
  readLength: z.boolean().default(true).describe('read the required length from the text where a row states none'),
  languages: z.array(language).min(1).optional().describe('languages kept, such as en and zh; any where unset'),
  rules: z
    .strictObject({ file: path.optional().describe('ours, configs/data/prompt-rules.yaml, where unset') })
    .optional()
    .describe('leaves out toxic and scraping prompts, by regular expressions'),
  nearDuplicates: z
    .strictObject({
      threshold: z.number().gt(0).max(1).default(0.7).describe('estimated Jaccard similarity of their n-grams'),
      gramTokens: count.default(5).describe('tokens of an n-gram'),
    })
    .optional(),
  decontaminate: z
    .strictObject({
      benchmarks: z.array(path).default([]).describe('rows with a prompt; evaluation.benchmark is always one'),
      gramTokens: count.default(13).describe('tokens in a row that make an overlap'),
    })
    .optional(),
  model: z
    .strictObject({
      endpoint: z.enum(['writer', 'judge']).default('judge'),
      minWords: count.default(2000).describe('words that an instruction must need'),
      mode: z.enum(['text', 'schema']).default('text'),
      sampling: Sampling.prefault({ temperature: 0, maxTokens: 512 }),
      maxDraws: count.max(100).default(3).describe('answers asked for at most, until one can be read'),
    })
    .optional()
    .describe('asks a model of each instruction whether it needs a long text'),
  quotas: z.record(language, count).optional().describe('instructions of each language at most; none of the others'),
  limit: count.optional().describe('instructions taken at most'),
});

const generation = z.strictObject({
  plan: z
    .strictObject({
      mode: z.enum(['text', 'schema']).default('text').describe("the paper's line grammar, or a JSON schema"),
      sections: z
        .strictObject({ min: count.default(1), max: count.default(50) })
        .prefault({})
        .describe('sections of a plan'),
      sectionWords: z
        .strictObject({ min: count.default(200), max: count.default(1000) })
        .prefault({})
        .describe('words planned for one section'),
      checkLanguage: z
        .boolean()
        .default(true)
        .describe('whether its main points must be in the script that the instruction asks for'),
      sampling: Sampling.prefault({}),
    })
    .prefault({}),
  section: z
    .strictObject({
      context: z
        .enum(['single-prompt', 'conversation'])
        .default('single-prompt')
        .describe('the whole text so far in one prompt, as in the paper, or each section a turn'),
      overflow: z
        .enum(['fail', 'summarize'])
        .default('fail')
        .describe("what happens when the text outgrows the model's window: the sample fails, or a summary carries on"),
      windowTokens: count
        .optional()
        .describe("the model's window; where unset, only the endpoint's own refusal tells that it is full"),
      checks: z
        .strictObject({
          language: z.boolean().default(true).describe('the section is in the script that the instruction asks for'),
          leaks: z.boolean().default(true).describe('no plan line and no note about the writing stands in it'),
          minWordsRatio: z.number().min(0).default(0.33).describe('words written for each word planned; 0 is off'),
          maxWordsRatio: positive.default(3).describe('words written for each word planned'),
          maxRepeated: fraction.default(0.3).describe('share of its 8-grams that stood in it before; 1 is off'),
          maxCopied: fraction.default(0.5).describe('share of its 8-grams that stand in one earlier section; 1 is off'),
        })
        .prefault({})
        .describe('what a section must keep to be accepted, beside not being empty, cut or a refusal'),
      sampling: Sampling.prefault({}),
      summarySampling: Sampling.prefault({ temperature: 0.3, maxTokens: 1024 }),
    })
    .prefault({}),
  maxDraws: count.default(3).describe('answers asked for at most, until one is accepted'),
  explainDraws: z
    .boolean()
    .default(true)
    .describe('tell the model at a further draw what was wrong with the one before; very small ones repeat it'),
  window: count.default(64).describe('samples of one partition in progress at once'),
  partitionSize: count.max(500).default(500).describe('samples of one partition'),
});

const filter = z.strictObject({
  minWords: z.number().int().min(0).default(2000).describe('words a text must have'),
  minLengthScore: z.number().min(0).max(100).default(0).describe('S_l against the required length; 0 is off'),
  requireLength: z.boolean().default(false).describe('leave out texts whose instruction states no length'),
  refusals: z.boolean().default(false).describe('leave out short texts that begin as a refusal'),
  truncated: z.boolean().default(false).describe('leave out texts that end in the middle of a sentence'),
  leaks: z.boolean().default(false).describe('leave out texts with plan lines or notes about the writing in them'),
  maxCompressionRatio: positive.optional().describe('bytes of a text for each byte that gzip needs; off where unset'),
  maxRepeated: fraction.optional().describe('share of 8-grams that stood in the text before; off where unset'),
  maxForeign: fraction
    .optional()
    .describe('share of letters in another script than the instruction asks for; off where unset'),
  contamination: z
    .strictObject({ gramTokens: count.default(13).describe('tokens in a row that no text may share with a benchmark') })
    .optional()
    .describe('leave out instructions and texts that overlap with the benchmarks; off where unset'),
  nearDuplicates: z
    .strictObject({
      threshold: fraction.default(0.7).describe('estimated Jaccard similarity of the texts’ word 5-grams'),
    })
    .optional()
    .describe('leave out texts that are nearly another one of the dataset; off where unset'),
});

/** A file of somebody else's rows that are mixed into ours, by count or by ratio. */
const generalSource = (columns: string, ours: string) =>
  z
    .strictObject({
      file: path.describe(`JSON Lines or Parquet of ${columns}; a path, or gs://`),
      rows: count.optional().describe('rows taken of it'),
      ratio: positive.optional().describe(`rows taken of it for each ${ours}`),
    })
    .refine(({ rows, ratio }) => rows === undefined || ratio === undefined, 'give rows or ratio, not both');
export type GeneralSource = z.infer<ReturnType<typeof generalSource>>;

const modelName = z.string().refine((name) => isModelName(name), 'expected 1 to 40 of a-z, 0-9 and "-"');

/** What an evaluation without the other stages is made of; longwriter evaluate and longwriter schedule set it. */
const evaluationAlone = z
  .strictObject({
    models: z
      .record(modelName, path)
      .default({})
      .describe('models that are served: a folder on the GPU node, a hub name, or store:FOLDER'),
    predictions: z
      .record(modelName, path)
      .default({})
      .describe('answers that are there already: pred.jsonl or judge.jsonl of the released scripts'),
    firing: z
      .strictObject({
        judgeOnly: z.boolean().default(false).describe('asks the models once, and only the judge at each firing'),
        maxFailures: count.default(3).describe('failed firings in a row after which the schedule pauses itself'),
        webhook: z
          .strictObject({
            url: z.url(),
            secretEnv: z
              .string()
              .min(1)
              .optional()
              .describe('environment variable, on the workers, with the key that signs what is sent'),
          })
          .optional()
          .describe('told of each firing that regressed or failed'),
      })
      .optional()
      .describe('what each firing of a schedule does; absent where it is evaluated once'),
  })
  .describe('evaluates these models and evaluation.endpoints, and walks no other stage');

const fields = z.strictObject({
  seed: z.number().int().min(0).default(42),
  instructions: instructions.prefault({}),
  endpoints: z.strictObject({
    writer: Endpoint,
    judge: Endpoint,
    served: servedEndpoint.prefault({}),
  }),
  prices: z
    .record(z.string(), PriceEntry)
    .default({})
    .describe('by provider/model, as in openai/gpt-4o-2024-05-13; "served" is a model that the run serves itself'),
  budget: budget.optional().describe('what the run may spend on model calls; it pauses before it would spend more'),
  prompts: z
    .strictObject({
      plan: path.optional(),
      section: path.optional(),
      summary: path.optional(),
      judge: path.optional(),
      selection: path.optional(),
      step: path.optional().describe('asks for the next section in a preference pair of that level'),
    })
    .prefault({})
    .describe(
      'prompt files of your own; slots are written {{instruction}}, {{plan}}, {{text}}, {{step}}, {{mainPoint}}, {{words}}, {{response}}, {{minWords}}',
    ),
  imports: z
    .array(z.strictObject({ file: path, limit: count.optional().describe('rows taken, from the start') }))
    .default([])
    .describe(
      "finished texts: write.jsonl of the released scripts, or LongWriter-6k's messages; JSON Lines or Parquet",
    ),
  generation: generation.prefault({}),
  filter: filter.prefault({}),
  gates: gates.prefault({}),
  dataset: z
    .strictObject({
      name: z
        .string()
        .regex(
          /^(?!(?:samples|rejections)$|[.-])[a-zA-Z0-9._-]{1,60}$/,
          'expected letters, digits, ".", "_" and "-", and neither samples nor rejections',
        )
        .default('longwriter-6k'),
      testFraction: z
        .number()
        .min(0)
        .lt(1)
        .default(0)
        .describe('share of the samples held out as the test split, by hash of their ids'),
      maxWords: count
        .optional()
        .describe(
          'words of an output: a longer text is cut at the end of a section, else of a paragraph or sentence; off where unset',
        ),
      general: z
        .array(generalSource('messages', 'long text; 30 in the paper'))
        .default([])
        .describe(
          'general SFT rows mixed into the train split; all rows of a file where neither rows nor ratio is set',
        ),
      licence: z
        .strictObject({ id: z.string().min(1), note: z.string().optional() })
        .optional()
        .describe("the owner's licence for the dataset card, as the hub spells it, such as apache-2.0"),
    })
    .prefault({}),
  training,
  serving: z
    .strictObject({
      prepare: z
        .array(z.string().min(1))
        .default([])
        .describe('command that turns {model} into {prepared}, once for each model; none where empty'),
      command: z
        .array(z.string().min(1))
        .default([
          'vllm',
          'serve',
          '{model}',
          '--host',
          '{host}',
          '--port',
          '{port}',
          '--api-key',
          '{key}',
          '--served-model-name',
          '{name}',
        ])
        .describe('server command; {model} {prepared} {host} {port} {key} {name} are filled in'),
      healthPath: z.string().startsWith('/').default('/health'),
      readySeconds: count.default(1800).describe('seconds the server may take to be ready'),
      launcher: LauncherSettings.prefault({ kind: 'local' }).describe('how the server gets onto a GPU node'),
    })
    .prefault({}),
  preferences: z
    .strictObject({
      level: z
        .enum(['text', 'section'])
        .default('text')
        .describe('what a pair compares: whole texts, as in the paper, or what follows on instruction and text so far'),
      steps: count
        .default(1)
        .describe('sections of each sample that are prompts, by the seed; of the level "section" only'),
      prompts: count.default(4000).describe('prompts taken from the dataset'),
      completions: z.number().int().min(2).default(4).describe('completions of the SFT model for each prompt'),
      minSpread: z
        .number()
        .min(0)
        .default(1)
        .describe('points between chosen and rejected, below which a prompt is dropped'),
      lengthWeight: fraction
        .default(0.5)
        .describe('weight of S_l in the score; S_q has the rest, and nobody is asked for it where S_l has all'),
      chooseTruncated: z
        .boolean()
        .default(false)
        .describe('whether a completion that was cut at the token limit can be chosen; DPO would teach to end there'),
      general: z
        .array(generalSource('prompt, chosen and rejected', 'pair of ours; about 12 in the paper'))
        .default([])
        .describe('general preference pairs mixed in; all pairs of a file where neither rows nor ratio is set'),
      sampling: Sampling.prefault({}),
    })
    .prefault({}),
  judge: z
    .strictObject({
      sampling: Sampling.prefault({ temperature: 0.5, maxTokens: 1024 }),
      mode: z.enum(['text', 'schema']).default('text'),
      windowWords: count
        .default(20000)
        .describe('words of a completion that the judge reads at once; a longer one is judged in windows'),
      maxDraws: count.default(5).describe('answers asked for at most, until one can be read'),
    })
    .prefault({}),
  evaluation: z.strictObject({
    benchmark: path.describe("JSON Lines in LongBench-Write's format: prompt, type, length; a path, gs:// or https://"),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'expected 64 hex characters')
      .optional()
      .describe('what the benchmark must hash to'),
    name: z.string().min(1).optional().describe('what reports call the benchmark; the name of its file where unset'),
    limit: count.optional().describe('prompts taken, from the start of the file'),
    models: z
      .array(z.enum(['base', 'sft', 'dpo']))
      .min(1)
      .default(['base', 'sft', 'dpo'])
      .describe('models of the run that are evaluated'),
    endpoints: z
      .record(modelName, Endpoint)
      .default({})
      .describe('models behind endpoints, evaluated beside those of the run, by a name for each'),
    completions: count.default(1).describe('completions of each prompt'),
    judgements: z
      .number()
      .int()
      .min(0)
      .max(20)
      .default(1)
      .describe('judgements of each completion; their mean is its score. 0 measures lengths alone'),
    positionWords: count
      .optional()
      .describe('words of the windows that are judged one by one, for quality along the text; off where unset'),
    calibration: path
      .optional()
      .describe(
        'completions with frozen judgements (judge.jsonl of longwriter report), judged again: drift of the judge',
      ),
    resamples: count.default(2000).describe('resamples of the bootstrap intervals'),
    waitLimitMinutes: positive.optional().describe('minutes until a served model must be up; no limit where unset'),
    sampling: Sampling.prefault({ temperature: 0.5, maxTokens: 32768 }),
    alone: evaluationAlone.optional(),
  }),
});
/** What a run is told: one YAML file, every default filled in, frozen in the store as the run's lock. */
export const RunConfig = fields.superRefine(({ budget: limit, prices, ...config }, context) => {
  const { endpoints, evaluation } = config;
  const complain = (where: readonly string[], message: string) =>
    context.addIssue({ code: 'custom', path: [...where], message });
  const identityOf = ({ provider, model }: Pick<Endpoint, 'provider' | 'model'>) => `${provider}/${model}`;
  const evaluated = Object.entries(evaluation.endpoints);
  for (const [at, [name, endpoint]] of evaluated.entries()) {
    const same = evaluated.slice(0, at).find(([, other]) => identityOf(other) === identityOf(endpoint));
    if (same)
      complain(
        ['evaluation', 'endpoints', name],
        `is ${identityOf(endpoint)}, as ${same[0]} is: they would share their answers; give one of them another provider`,
      );
  }
  const { alone } = evaluation;
  const names = [alone?.models ?? {}, evaluation.endpoints, alone?.predictions ?? {}].map(Object.keys).flat();
  if (!alone) names.push(...evaluation.models);
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined) complain(['evaluation'], `two models are called ${twice}`);
  if (alone && names.length === 0) complain(['evaluation', 'alone'], 'there is no model to evaluate');
  const { calibration, positionWords, judgements } = evaluation;
  if (judgements === 0 && (calibration ?? positionWords ?? alone?.firing) !== undefined)
    complain(['evaluation', 'judgements'], 'a schedule, a calibration and positionWords need 1 or more');
  if (limit?.dollars === undefined) return;
  const judges = isJudgeAsked(config, alone ? ['evaluate'] : STAGES);
  const paid = [
    ...(alone ? [] : [endpoints.writer]),
    ...(judges ? [endpoints.judge] : []),
    ...evaluated.map(([, endpoint]) => endpoint),
  ];
  for (const name of paid.map(identityOf))
    if (prices[name] === undefined) complain(['prices'], `a budget in dollars needs the price of ${name}`);
});
export type RunConfig = z.infer<typeof RunConfig>;

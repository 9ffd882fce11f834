import { CHECK_SECONDS, type EndpointAsk, type EndpointLook, type Finding } from './doctor.ts';

/** What a run wants of an endpoint. */
export interface EndpointNeed {
  readonly ask: EndpointAsk;
  readonly queue: string;
  /** Whether answers are asked for by a JSON schema. */
  readonly schema: boolean;
  /** Tokens that an answer may have at most. */
  readonly mostTokens: number;
}

/** A line for an endpoint, as a worker saw it. */
export function endpointFinding({ ask, queue, schema, mostTokens }: EndpointNeed, look: EndpointLook): Finding {
  const check = `endpoint ${ask.name}`;
  const { problem, models, windowTokens } = look;
  if (problem)
    return {
      check,
      state: bears(problem.kind, ask) ? 'warn' : 'fail',
      found: problem.message,
      mend: mendOf(problem.kind, ask, queue, models?.first ?? []),
    };
  const told = `${ask.model}: ${tell(look)}`;
  if (schema && ask.calls && look.schema !== 'kept')
    return {
      check,
      state: look.schema === 'cut' || look.schema === 'not-asked' ? 'warn' : 'fail',
      found: `${told}; the configuration asks for answers by a JSON schema`,
      mend: SCHEMA_MENDS[look.schema],
    };
  if (windowTokens !== undefined && windowTokens <= mostTokens)
    return {
      check,
      state: 'warn',
      found: `${told}; answers may have ${count(mostTokens)} tokens, which the window cannot hold`,
      mend: 'lower sampling.maxTokens, or serve the model with a larger window',
    };
  if (!ask.calls && models && !models.hasOurs)
    return { check, state: 'warn', found: told, mend: `it lists ${models.first.join(', ')}; is the name right?` };
  return { check, state: 'ok', found: told };
}

/** Whether a run may fare better: the endpoint answered, and will again; or a run waits longer than a check does. */
const bears = (kind: string, { timeoutSeconds }: EndpointAsk): boolean =>
  kind === 'RateLimited' || (kind === 'TimedOut' && timeoutSeconds > CHECK_SECONDS);

function tell({ models, windowTokens, seconds, tokens, schema, schemaProblem }: EndpointLook): string {
  const called =
    seconds === undefined ? 'not called' : `answers in ${seconds.toFixed(1)} s (${count(tokens)} tokens paid)`;
  const listed =
    models === undefined
      ? 'lists no models'
      : models.hasOurs
        ? 'listed'
        : `not among the ${models.count} models listed`;
  const window = windowTokens === undefined ? 'window unknown' : `window ${count(windowTokens)} tokens`;
  return [
    called,
    ...(seconds === undefined ? [] : [`${SCHEMA[schema]}${schemaProblem ? ` (${schemaProblem})` : ''}`]),
    listed,
    window,
  ].join(', ');
}

const SCHEMA: Readonly<Record<EndpointLook['schema'], string>> = {
  kept: 'keeps a JSON schema',
  ignored: 'ignores a JSON schema',
  refused: 'refuses a JSON schema',
  cut: 'thinks too long to see whether it keeps a JSON schema',
  'not-asked': 'JSON schema not tried',
};

const AS_TEXT = 'set the mode of plan, judge or selection to text, or use a server with response_format json_schema';
const SCHEMA_MENDS: Readonly<Record<Exclude<EndpointLook['schema'], 'kept'>, string>> = {
  ignored: AS_TEXT,
  refused: AS_TEXT,
  cut: 'a model that thinks needs a high maxTokens; its first answers of a run will show',
  'not-asked': 'its second answer failed where the first one came: ask again',
};

function mendOf(kind: string, ask: EndpointAsk, queue: string, models: readonly string[]): string {
  const { apiKeyEnv, model } = ask;
  const key = apiKeyEnv ?? 'the key';
  switch (kind) {
    case 'KeyMissing':
      return `set it where the workers of ${queue} are started, and start them again`;
    case 'Unauthorized':
      return apiKeyEnv === undefined
        ? 'it wants a key: name its environment variable in apiKeyEnv'
        : `renew ${key} where the workers of ${queue} are started, and start them again`;
    case 'QuotaSpent':
      return 'raise the limit at its provider';
    case 'NotFound':
      return models.length > 0
        ? `it knows no ${model}; it lists ${models.join(', ')}`
        : `does it know ${model}, and does baseUrl end in /v1?`;
    case 'RateLimited':
      return 'lower the limits of the endpoint if this goes on';
    case 'TimedOut':
      return `is it up, or starting? A check waits for ${Math.min(ask.timeoutSeconds, CHECK_SECONDS)} s, a run for ${ask.timeoutSeconds} s`;
    case 'BadRequest':
      return 'its dialect in the configuration may be another: maxTokensField, temperature, seed, streamUsage';
    default:
      return `is it up, and does the worker of ${queue} reach it?`;
  }
}

const count = (value: number): string => value.toLocaleString('en-US');

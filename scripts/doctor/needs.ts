import type { Endpoint, RunConfig } from '../../configs/schema.ts';
import { SLURM_PROGRAMS, type NodeAsk } from '../../domain/doctor.ts';
import type { EndpointNeed } from '../../domain/endpoint-finding.ts';
import { isJudgeAsked } from '../../domain/judge-asked.ts';
import { ENDPOINT_NAMES, endpointQueue, GPU_QUEUE, PIPELINE_QUEUE, STAGES, type Stage } from '../../domain/names.ts';
import { walkAlone, type RunOptions } from '../runs.ts';

/** All task queues of ours. */
export const QUEUES: readonly string[] = [PIPELINE_QUEUE, ...ENDPOINT_NAMES.map(endpointQueue), GPU_QUEUE];

/** What a run needs of its workers. */
export interface Needs {
  readonly queues: ReadonlySet<string>;
  readonly endpoints: readonly EndpointNeed[];
  /** Of a GPU node; undefined where none is to do anything. */
  readonly node: NodeAsk | undefined;
  readonly needsTraining: boolean;
}

/** What any run needs, where no configuration says more. */
export const LEAST_NEEDS: Needs = {
  queues: new Set([PIPELINE_QUEUE]),
  endpoints: [],
  node: { programs: [], remote: false },
  needsTraining: false,
};

/** What a run of a configuration needs for the stages that it would walk. `calls` is whether endpoints are asked for answers. */
export function needsOf(config: RunConfig, { from, until }: Pick<RunOptions, 'from' | 'until'>, calls: boolean): Needs {
  const walk = {
    from: STAGES[0],
    until: 'report' as Stage,
    ...walkAlone(config),
    ...(from && { from }),
    ...(until && { until }),
  };
  const walked = STAGES.slice(STAGES.indexOf(walk.from), STAGES.indexOf(walk.until) + 1);
  const has = (...stages: Stage[]): boolean => stages.some((stage) => walked.includes(stage));
  const { alone, endpoints: evaluated } = config.evaluation;
  const selector = has('select') ? config.instructions.model : undefined;
  const judges = isJudgeAsked(config, walked);
  const writes = has('generate') || selector?.endpoint === 'writer';
  const serves = has('preferences') || (has('evaluate') && (!alone || Object.keys(alone.models).length > 0));
  const trains = has('sft', 'dpo');
  const others = has('evaluate') ? Object.entries(evaluated) : [];
  const asks: EndpointNeed[] = [
    ...(writes ? [writerNeed(config, calls)] : []),
    ...(judges ? [judgeNeed(config, calls)] : []),
    ...others.map(([name, endpoint]) => ({
      ...askFor(name, endpoint, 'served', calls),
      schema: false,
      mostTokens: config.evaluation.sampling.maxTokens,
    })),
  ];
  return {
    queues: new Set([
      PIPELINE_QUEUE,
      ...asks.map(({ queue }) => queue),
      ...(serves ? [endpointQueue('served')] : []),
      ...(serves || trains ? [GPU_QUEUE] : []),
    ]),
    endpoints: asks,
    node: trains || serves ? nodeAsk(config, trains, serves) : undefined,
    needsTraining: trains,
  };
}

function askFor(
  name: string,
  endpoint: Endpoint,
  queue: (typeof ENDPOINT_NAMES)[number],
  calls: boolean,
): Pick<EndpointNeed, 'ask' | 'queue'> {
  const { baseUrl, model, apiKeyEnv, dialect, limits } = endpoint;
  const ask = { name, baseUrl, model, dialect, timeoutSeconds: limits.timeoutSeconds, calls };
  return { queue: endpointQueue(queue), ask: apiKeyEnv === undefined ? ask : { ...ask, apiKeyEnv } };
}

function writerNeed({ endpoints, generation, instructions }: RunConfig, calls: boolean): EndpointNeed {
  const selects = instructions.model?.endpoint === 'writer' && instructions.model.mode === 'schema';
  return {
    ...askFor('writer', endpoints.writer, 'writer', calls),
    schema: generation.plan.mode === 'schema' || selects,
    mostTokens: Math.max(generation.plan.sampling.maxTokens, generation.section.sampling.maxTokens),
  };
}

function judgeNeed({ endpoints, judge, instructions }: RunConfig, calls: boolean): EndpointNeed {
  const selects = instructions.model?.endpoint === 'judge' && instructions.model.mode === 'schema';
  return {
    ...askFor('judge', endpoints.judge, 'judge', calls),
    schema: judge.mode === 'schema' || selects,
    mostTokens: judge.sampling.maxTokens,
  };
}

/** The programs of a GPU node, and the base model, of what it would do. */
function nodeAsk({ training, serving, evaluation }: RunConfig, trains: boolean, serves: boolean): NodeAsk {
  const launchers = [...(trains ? [training.launcher] : []), ...(serves ? [serving.launcher] : [])];
  const bySlurm = launchers.some(({ kind }) => kind === 'slurm');
  return {
    programs: [
      ...(trains ? [training.command[0]!] : []),
      ...(serves ? [serving.prepare[0], serving.command[0]].filter((program) => program !== undefined) : []),
      ...(bySlurm ? SLURM_PROGRAMS : []),
    ],
    ...(trains || (serves && !evaluation.alone) ? { baseModel: training.baseModel } : {}),
    remote: launchers.length > 0 && launchers.every(({ kind }) => kind === 'slurm'),
  };
}

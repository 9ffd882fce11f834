import type { Polled } from './live-pollers.ts';
import type { EndpointName } from './names.ts';

/** How a check came out; only `fail` is something that a run needs. */
export type FindingState = 'ok' | 'warn' | 'fail';

/** One line of `longwriter doctor`: what was looked at, what was found, and what to do about it. */
export interface Finding {
  /** Such as `namespace`, `queue longwriter-gpu` or `endpoint writer`. */
  readonly check: string;
  readonly state: FindingState;
  readonly found: string;
  readonly mend?: string;
}

/** An endpoint that a worker is to ask, as the configuration has it. */
export interface EndpointAsk {
  /** As the configuration calls it: `writer`, `judge`, or the name of an evaluated one. */
  readonly name: string;
  readonly baseUrl: string;
  readonly model: string;
  readonly apiKeyEnv?: string | undefined;
  readonly timeoutSeconds: number;
  readonly dialect: {
    readonly maxTokensField: 'max_tokens' | 'max_completion_tokens';
    readonly temperature: 'send' | 'omit';
    readonly seed: 'send' | 'omit';
    readonly streamUsage: boolean;
    readonly stripThinking: boolean;
  };
  /** Whether it is asked for an answer, or for its list of models alone. */
  readonly calls: boolean;
}

/** Seconds that a check waits for an endpoint's small answer at most, whatever the endpoint's own limit. */
export const CHECK_SECONDS = 60;

/** What a run needs of a GPU node. */
export interface NodeAsk {
  /** Programs by name or path, in which {python} and the like are filled in there. */
  readonly programs: readonly string[];
  /** The base model, where it is a folder. */
  readonly baseModel?: string | undefined;
  /** Whether jobs go to other machines, so that this one needs no devices. */
  readonly remote: boolean;
}

/** What one worker of a queue is asked to look at. */
export interface WorkerAsk {
  /** A store path under which the command left its own id, to see whether this worker has the same store. */
  readonly marker: string;
  readonly endpoints: readonly EndpointAsk[];
  readonly node?: NodeAsk;
}

/** What became of asking for an answer in the form of a JSON schema. */
export type SchemaLook = 'kept' | 'ignored' | 'refused' | 'cut' | 'not-asked';

/** An endpoint, as the worker that would call it sees it. */
export interface EndpointLook {
  readonly name: string;
  /** Why it gave no answer: the problem of a model failure, and what the endpoint said. */
  readonly problem?: { readonly kind: string; readonly message: string };
  /** Models that it lists; absent where it lists none. */
  readonly models?: { readonly count: number; readonly first: readonly string[]; readonly hasOurs: boolean };
  /** Tokens of a prompt with its answer, where it tells. */
  readonly windowTokens?: number;
  /** Of the first answer. */
  readonly seconds?: number;
  /** Of all calls, prompts and answers. */
  readonly tokens: number;
  readonly schema: SchemaLook;
  /** Why it was not seen whether a schema is kept: what became of the second call. */
  readonly schemaProblem?: string;
}

/** What hands jobs to Slurm, and must be where the worker is. */
export const SLURM_PROGRAMS: readonly string[] = ['sbatch', 'squeue', 'scancel'];

/** A device of a GPU node. */
export interface Device {
  readonly name: string;
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** A GPU node, as its worker sees it. */
export interface NodeLook {
  readonly home: string;
  /** Whether jobs go from here to other machines. */
  readonly remote: boolean;
  readonly diskFreeBytes: number;
  /** Programs that are not there. */
  readonly missing: readonly string[];
  /** The folder of the base model, where it is not there. */
  readonly missingModel?: string;
  readonly trainer:
    | {
        readonly versions: Readonly<Record<string, string>>;
        readonly devices: readonly Device[];
        /** Whether the machine has NVIDIA's driver, which the trainer's torch may be blind to. */
        readonly driver: boolean;
      }
    | { readonly problem: string };
}

/** What a worker found of itself and around it: ids, numbers and messages, no text of a model and no secret. */
export interface WorkerLook {
  /** Process id and host, as Temporal names its pollers. */
  readonly worker: string;
  /** Hash of the code that it runs. */
  readonly code: string;
  /** Milliseconds since 1970, by its clock. */
  readonly at: number;
  readonly store: { readonly url: string; readonly isOurs: boolean; readonly problem?: string };
  readonly endpoints: readonly EndpointLook[];
  readonly node?: NodeLook;
}

/** What became of asking one worker of a queue; times are the server's, milliseconds since 1970. */
export interface QueueLook {
  readonly queue: string;
  readonly askedAt: number;
  readonly answeredAt: number;
  readonly look?: WorkerLook;
  /** `untaken`: nobody took it in time; `unknown`: who took it does not know the check, as code of another version may not. */
  readonly problem?: { readonly kind: 'untaken' | 'unknown' | 'failed'; readonly message: string };
}

/** A task queue with what it is to be asked. */
export interface QueueAsk {
  readonly queue: string;
  /** Workers that may take it: so many of the same are asked at once. */
  readonly copies: number;
  readonly ask: WorkerAsk;
}

/** A poller of a task queue, as Temporal lists it. */
export interface ListedPoller extends Polled {
  /** Its SDK, where its worker is not versioned. */
  readonly sdk?: string;
  /** Its version, where it is: deployment.build. */
  readonly version?: string;
}

/** A task queue of ours, from the command's side. */
export interface ListedQueue {
  readonly queue: string;
  /** Whether what was asked to be run needs it. */
  readonly needed: boolean;
  readonly endpoint?: EndpointName;
  readonly pollers: readonly ListedPoller[];
  /** Workers that do not poll while they are in the midst of a job. */
  readonly busy?: readonly string[];
  /** The version that new tasks go to, deployment.build; undefined where they go to unversioned workers. */
  readonly current?: string;
}

/** Whether anything that a run needs failed. */
export const hasFailed = (findings: readonly Finding[]): boolean => findings.some(({ state }) => state === 'fail');

/** The task queue of workflows and of light activities that touch only the store. */
export const PIPELINE_QUEUE = 'longwriter';

/** The task queue of activities that need a GPU node: training and serving. */
export const GPU_QUEUE = 'longwriter-gpu';

/** What a worker process can be there for; each has task queues of its own. */
export const ROLES = ['pipeline', 'llm', 'gpu'] as const;
export type Role = (typeof ROLES)[number];

/** The names under which a run knows its endpoints; `served` is the model that `serveModel` holds up. */
export const ENDPOINT_NAMES = ['writer', 'judge', 'served'] as const;
export type EndpointName = (typeof ENDPOINT_NAMES)[number];

/** The models of a run: what training starts from, and what each training stage makes of it. */
export const MODEL_NAMES = ['base', 'sft', 'dpo'] as const;
export type ModelName = (typeof MODEL_NAMES)[number];

/** Whether a text can name an evaluated model: 1 to 40 of a-z, 0-9 and the hyphen. It becomes part of ids and paths. */
export function isModelName(text: string): boolean {
  return /^[a-z0-9-]{1,40}$/.test(text);
}

/** The priority of a run that is given none, of 1, the most urgent, to 5. */
export const DEFAULT_PRIORITY = 3;

/** The judgement that reads a completion in short windows, for quality along the text; the others count from 0. */
export const POSITIONS = 'positions';

/** How a configuration names a model of the store: this, and its folder. */
export const STORE_MODEL = 'store:';

/** The stages of a run in their order; a run is a walk along them from `--from` to `--until`. */
export const STAGES = ['select', 'generate', 'dataset', 'sft', 'preferences', 'dpo', 'evaluate', 'report'] as const;
export type Stage = (typeof STAGES)[number];

/** The task queue of model calls to one endpoint, so that each endpoint keeps its own limits. */
export function endpointQueue(endpoint: EndpointName): string {
  return `longwriter-llm-${endpoint}`;
}

/** Whether a text can be a run id: 1 to 40 of a-z, 0-9 and the hyphen. It becomes part of workflow ids and paths. */
export function isRunId(text: string): boolean {
  return /^[a-z0-9-]{1,40}$/.test(text);
}

/** The id of a run's child workflow, such as `demo.generate.3`; dots, since a slash breaks the UI's addresses. */
export function childId(run: string, ...parts: readonly (string | number)[]): string {
  return [run, ...parts].join('.');
}

/** The address of an endpoint that is the embedded model server: a model of 135M parameters that every part is tried with. */
export const EMBEDDED = 'embedded';

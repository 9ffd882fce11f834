import type { Endpoint, RunConfig } from '../configs/schema.ts';

/** The endpoint that a model is behind, by its identity; undefined of one that is served from its weights. */
export function evaluatedEndpoint({ evaluation }: RunConfig, identity: string): Endpoint | undefined {
  return Object.values(evaluation.endpoints).find(({ provider, model }) => `${provider}/${model}` === identity);
}

/** Limits and dialect of the calls to a model, behind an endpoint or served. */
export function askedSettings(config: RunConfig, identity: string): Pick<Endpoint, 'limits' | 'dialect'> {
  return evaluatedEndpoint(config, identity) ?? config.endpoints.served;
}

import { ConfigError } from '../domain/config-error.ts';
import { leaseKey } from '../domain/keys.ts';
import { EMBEDDED, type EndpointName } from '../domain/names.ts';
import { Lease } from '../domain/schemas/run.ts';
import type { Endpoint } from '../configs/schema.ts';
import type { ActivityDeps } from './deps.ts';
import { evaluatedEndpoint } from './evaluated-endpoint.ts';
import { ModelError, type Connection } from './io/model/model.ts';
import { findJson } from './io/store/json.ts';
import type { Pacer } from './pacer.ts';
import type { RunReference } from './run-files.ts';

/**
 * Resolves an endpoint's name to a connection and its pacer, anew for each attempt. Of `served`, a model that is evaluated
 * behind an endpoint of its own has that one's place, and any other that of its lease.
 *
 * Fails with Model.KeyMissing, or Model.NotServed where `served` is not, or not yet, the model that is asked for.
 */
export async function connect(
  deps: ActivityDeps,
  run: RunReference,
  endpoint: EndpointName,
  identity: string,
): Promise<{ connection: Connection; pacer: Pacer }> {
  const config = await deps.files.config(run);
  const known = endpoint === 'served' ? evaluatedEndpoint(config, identity) : config.endpoints[endpoint];
  const { limits, dialect } = known ?? config.endpoints.served;
  const place = known ? configuredPlace(deps, known) : await servedPlace(deps, run.run, identity);
  return {
    connection: {
      ...place,
      dialect,
      timeoutMs: limits.timeoutSeconds * 1000,
      // A served model's next lease is waited for as long as for its first one.
      goneAfterMs: known ? limits.goneAfterSeconds * 1000 : 60_000 * (config.evaluation.waitLimitMinutes ?? Infinity),
    },
    pacer: deps.pacer(endpoint, place.baseUrl, limits),
  };
}

type Place = Pick<Connection, 'baseUrl' | 'apiKey' | 'model'>;

/** Where an endpoint of the configuration is for this worker, and its key. Fails with Model.KeyMissing. */
export function configuredPlace(
  deps: Pick<ActivityDeps, 'node'>,
  { baseUrl, apiKeyEnv, model }: Pick<Endpoint, 'baseUrl' | 'model' | 'apiKeyEnv'>,
): Place {
  const url = baseUrl === EMBEDDED ? deps.node.embeddedModelUrl : baseUrl;
  if (url === undefined) {
    throw new ModelError(
      'KeyMissing',
      'baseUrl is "embedded", and this worker knows no embedded model server; start it with npm start',
    );
  }
  const apiKey = apiKeyEnv === undefined ? undefined : readKey(deps, apiKeyEnv);
  if (apiKeyEnv !== undefined && !apiKey) {
    throw new ModelError('KeyMissing', `the environment variable ${apiKeyEnv} is not set on this worker`);
  }
  return { baseUrl: url, apiKey, model };
}

function readKey({ node }: Pick<ActivityDeps, 'node'>, name: string): string | undefined {
  try {
    return node.secret(name);
  } catch (error) {
    if (error instanceof ConfigError) throw new ModelError('KeyMissing', error.message);
    throw error;
  }
}

async function servedPlace(deps: ActivityDeps, run: string, identity: string): Promise<Place> {
  const lease = await findJson(deps.store, leaseKey(run), Lease);
  if (!lease || lease.model !== identity) throw new ModelError('NotServed', 'the model is not served yet');
  return { baseUrl: lease.baseUrl, apiKey: lease.apiKey, model: 'served' };
}

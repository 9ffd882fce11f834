import { makePacer, type PaceLimits, type Pacer } from '../activities/pacer.ts';
import type { EndpointName } from '../domain/names.ts';

/** The pacers of one worker process, and how many workers each endpoint is shared by. */
export interface EndpointPacers {
  /** The pacer of an endpoint at a base URL; asked again with the same three, it is the same one. */
  readonly find: (endpoint: EndpointName, baseUrl: string, limits: PaceLimits) => Pacer;
  /** Tells all pacers of an endpoint, and those made later, how many live workers share it. */
  readonly share: (endpoint: EndpointName, workers: number) => void;
}

/** Makes the pacers of one worker process, each when it is first asked for. */
export function endpointPacers(make: (limits: PaceLimits) => Pacer = makePacer): EndpointPacers {
  const pacers = new Map<string, { endpoint: EndpointName; pacer: Pacer }>();
  const shares = new Map<EndpointName, number>();
  return {
    find(endpoint, baseUrl, limits) {
      const key = JSON.stringify([endpoint, baseUrl, limits]);
      const found = pacers.get(key);
      if (found) return found.pacer;
      const pacer = make(limits);
      pacer.share(shares.get(endpoint) ?? 1);
      pacers.set(key, { endpoint, pacer });
      return pacer;
    },
    share(endpoint, workers) {
      shares.set(endpoint, workers);
      for (const other of pacers.values()) if (other.endpoint === endpoint) other.pacer.share(workers);
    },
  };
}

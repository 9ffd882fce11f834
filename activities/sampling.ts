import type { Sampling } from '../configs/schema.ts';
import type { CallRequest } from '../domain/schemas/call.ts';

/** The parameters of a call from a configured sampling. */
export function callParameters(sampling: Sampling, schema?: object): CallRequest['parameters'] {
  const { temperature, topP, maxTokens, extra } = sampling;
  return {
    temperature,
    ...(topP === undefined ? {} : { topP }),
    maxTokens,
    extra,
    ...(schema === undefined ? {} : { schema }),
  };
}

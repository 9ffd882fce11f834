import { z } from 'zod';
import type { Connection } from './model.ts';

/** Milliseconds that an endpoint may take to list its models. */
const LIST_MS = 10_000;

/** As OpenAI lists a model; vLLM, llama.cpp and OpenRouter each tell the window in a field of their own. */
const ListedModel = z.object({
  id: z.string(),
  max_model_len: z.number().nullish(),
  context_length: z.number().nullish(),
  meta: z.object({ n_ctx: z.number().nullish() }).nullish(),
});
const Listing = z.object({ data: z.array(ListedModel) });

/** A model that an endpoint lists. */
export interface EndpointModel {
  readonly id: string;
  /** Tokens of a prompt with its answer. */
  readonly windowTokens: number | undefined;
}

/** The models that an endpoint lists, or undefined where it has no list or does not answer: the call itself then tells why. */
export async function listModels(
  { baseUrl, apiKey }: Pick<Connection, 'baseUrl' | 'apiKey'>,
  signal: AbortSignal,
): Promise<EndpointModel[] | undefined> {
  const headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  try {
    const response = await fetch(`${baseUrl.replace(/\/$/, '')}/models`, {
      headers,
      signal: AbortSignal.any([signal, AbortSignal.timeout(LIST_MS)]),
    });
    const listing = Listing.safeParse(await response.json());
    if (!response.ok || !listing.success) return undefined;
    return listing.data.data.map(({ id, max_model_len, context_length, meta }) => ({
      id,
      windowTokens: max_model_len ?? meta?.n_ctx ?? context_length ?? undefined,
    }));
  } catch {
    return undefined;
  }
}

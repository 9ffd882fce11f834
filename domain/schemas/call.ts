import { z } from 'zod';

/** One turn of a chat. */
export const ChatMessage = z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string() });
export type ChatMessage = z.infer<typeof ChatMessage>;

/** Tokens of one call, as the provider counts them. */
export const Usage = z.strictObject({
  promptTokens: z.number().int().min(0),
  cachedTokens: z.number().int().min(0),
  completionTokens: z.number().int().min(0),
  /** The provider told no counts; these are what the texts surely do not exceed. */
  estimated: z.literal(true).optional(),
});
export type Usage = z.infer<typeof Usage>;

/** What a number of calls took: tokens, and dollars by the configuration's prices. */
export const Cost = z.strictObject({
  calls: z.number().int().min(0),
  promptTokens: z.number().int().min(0),
  cachedTokens: z.number().int().min(0),
  completionTokens: z.number().int().min(0),
  dollars: z.number().min(0),
});
export type Cost = z.infer<typeof Cost>;

/** What results come from, and the part of it that this run paid for: an answer that was in the store costs it nothing. */
export const Spending = z.strictObject({
  used: Cost,
  paid: Cost,
  /** The part of what was paid that was asked just now, and so is not in a sum of the ledger from before. */
  fresh: Cost,
});
export type Spending = z.infer<typeof Spending>;

/** What a provider answered: the raw text, why it ended, and what it cost in tokens. */
export const Answer = z.strictObject({
  text: z.string(),
  /** `stop`: the model ended by itself; `length`: cut at the token limit; others as the provider says. */
  finishReason: z.string(),
  usage: Usage,
});
export type Answer = z.infer<typeof Answer>;

/** Everything that decides an answer; its fingerprint is the name of the stored call. */
export const CallRequest = z.strictObject({
  /** Provider and model name, or the hash of the weights. */
  model: z.string().min(1),
  messages: z.array(ChatMessage).min(1),
  parameters: z.strictObject({
    temperature: z.number(),
    topP: z.number().optional(),
    maxTokens: z.number().int(),
    extra: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    /** JSON schema that the answer must keep. */
    schema: z.unknown().optional(),
  }),
  /** Which answer to the same question: raised when a check rejects one. */
  draw: z.number().int().min(0),
  /** Tells apart wanted repetitions, such as the completions of one prompt. */
  series: z.string().optional(),
});
export type CallRequest = z.infer<typeof CallRequest>;

/** One stored model call, immutable. */
export const Call = z.strictObject({
  fingerprint: z.string(),
  /** The run that asked, and so paid. */
  run: z.string().default(''),
  request: CallRequest,
  answer: Answer,
});
export type Call = z.infer<typeof Call>;

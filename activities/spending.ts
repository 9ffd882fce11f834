import type { RunConfig } from '../configs/schema.ts';
import { callCost, NO_COST, priceOf } from '../domain/cost.ts';
import type { Spending } from '../domain/schemas/call.ts';
import type { KnownCall } from './calls.ts';

/**
 * What a call took, and whether this run paid for it: a call is paid by the run that stored it.
 *
 * @param call a stored call; one that `modelCall` returned says whether it was asked just now
 */
export function spendingOf(config: RunConfig, run: string, call: KnownCall & { readonly fresh?: boolean }): Spending {
  const used = callCost(call.answer.usage, priceOf(config, call.model));
  const paid = call.run === run ? used : NO_COST;
  return { used, paid, fresh: call.fresh ? paid : NO_COST };
}

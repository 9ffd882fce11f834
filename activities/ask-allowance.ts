import { amountOf, budgetOf, formatAmount, isWeights } from '../domain/cost.ts';
import type { ActivityDeps } from './deps.ts';
import { whileNotDraining } from './draining.ts';
import { failure } from './failures.ts';
import { whileBeating } from './heartbeat.ts';
import { readPaid } from './io/store/ledger.ts';
import type { RunReference } from './run-files.ts';

export interface AskAllowanceInput extends RunReference {
  /** What the smallest piece of work may cost at most, in the budget's unit; 0 where that is not known yet. */
  readonly needed: number;
  /** Pieces of work that are left. */
  readonly left: number;
}

/**
 * What a run may still spend, in its budget's unit: the budget less the run's ledger. Waits while the run is paused. Fails
 * with Budget.Reached, having paused the run, where that is less than what is needed.
 */
export function askAllowance(deps: ActivityDeps, input: AskAllowanceInput): Promise<{ readonly allowance: number }> {
  return whileBeating(async (signal) => {
    const config = await deps.files.config(input);
    const budget = budgetOf(config.budget);
    if (!budget) throw failure('Config.Invalid', `run ${input.run} has no budget`);
    await whileNotDraining({ signal, draining: deps.draining }, (waits) => deps.gate.waitUntilOpen(input.run, waits));
    const { cost, unpriced } = await readPaid(deps.store, input.run, config);
    // Models of our own cost no dollars; one that was asked under another configuration does.
    const unknown = [...unpriced].find((model) => !isWeights(model));
    if (budget.unit === 'dollars' && unknown !== undefined)
      throw failure('Config.Invalid', `run ${input.run} paid for calls of ${unknown}, which has no price any more`);
    const spent = amountOf(cost, budget.unit);
    const allowance = Math.max(0, budget.amount - spent);
    // What costs nothing may go on with nothing left.
    if (allowance >= input.needed) return { allowance };
    const type = 'Budget.Reached';
    const say = (amount: number) => formatAmount(amount, budget.unit);
    const smallest = input.needed > 0 ? `, and the smallest of them may take up to ${say(input.needed)}` : '';
    const message =
      `${say(spent)} of ${say(budget.amount)} are spent; ${input.left} items are left${smallest}; ` +
      `longwriter resume ${input.run} --budget AMOUNT goes on`;
    await deps.gate.pause(input.run, { type, message });
    throw failure(type, message);
  });
}

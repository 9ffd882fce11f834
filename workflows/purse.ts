import { condition } from '@temporalio/workflow';

/**
 * What a partition may spend: the most that a piece of work can cost is reserved before it begins and replaced by what it
 * did cost, so that spent and reserved together never pass the allowance. Without an allowance there is no limit.
 */
export class Purse {
  #free: number;
  readonly #reserved = new Map<string, number>();

  constructor(allowance: number | undefined) {
    this.#free = allowance ?? Number.POSITIVE_INFINITY;
  }

  /** Reserves an equal share of what is free, for one of so many. */
  reserveShare(item: string, among: number): number {
    return this.#take(item, this.#free / among);
  }

  /** Reserves, once there is room; `false` where there is none, and nothing in progress could give any back. */
  async reserve(item: string, amount: number): Promise<boolean> {
    // Looked at again: of several that waited for the same room, one has it.
    while (amount > this.#free && this.#reserved.size > 0) {
      await condition(() => amount <= this.#free || this.#reserved.size === 0);
    }
    if (amount > this.#free) return false;
    this.#take(item, amount);
    return true;
  }

  /** Replaces a reservation by a smaller one. */
  lower(item: string, amount: number): void {
    const reserved = this.#reserved.get(item) ?? 0;
    if (amount >= reserved) return;
    this.#free += reserved;
    this.#take(item, amount);
  }

  /** Replaces a reservation by what was spent. */
  settle(item: string, spent: number): void {
    this.#free += (this.#reserved.get(item) ?? 0) - spent;
    this.#reserved.delete(item);
  }

  #take(item: string, amount: number): number {
    this.#reserved.set(item, amount);
    this.#free -= amount;
    return amount;
  }
}

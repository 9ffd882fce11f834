/** Waits for all, also when one fails: what is under way is paid for, and none is left calling behind. */
export async function allOrFirstFailure<T>(all: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(all);
  return Promise.all(all);
}

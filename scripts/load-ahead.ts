/**
 * Loads something for every item, some at once.
 *
 * @yields the results in the order of the items; no more than `most` are held
 */
export async function* loadAhead<T, R>(
  items: Iterable<T>,
  most: number,
  load: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const loading: Promise<R>[] = [];
  for (const item of items) {
    const result = load(item);
    // Whoever takes it sees its failure; until then it must not end the process.
    result.catch(() => {});
    loading.push(result);
    if (loading.length >= most) yield await loading.shift()!;
  }
  for (const result of loading) yield await result;
}

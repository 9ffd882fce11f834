import PQueue from 'p-queue';

/** Store look-ups of one activity in flight at once. */
const LOOK_UPS = 64;

/** Looks something up for every item, many at once, and returns the results in the order of the items. */
export function lookUpAll<T, R>(items: readonly T[], lookUp: (item: T) => Promise<R>): Promise<R[]> {
  return new PQueue({ concurrency: LOOK_UPS }).addAll(items.map((item) => () => lookUp(item)));
}

/** Milliseconds since its last poll after which a worker is gone: a live one's long poll is renewed within a minute. */
export const LIVE_MS = 70_000;

/** Who polls a task queue, and since when not. */
export interface Polled {
  readonly identity: string;
  /** Milliseconds since 1970, by the server's clock. */
  readonly lastSeenAt: number;
}

/** A poller as Temporal's DescribeTaskQueue lists it; its 64-bit integers turn into numbers. */
export interface RawPoller {
  readonly identity?: string | null;
  readonly lastAccessTime?: { readonly seconds?: unknown; readonly nanos?: number | null } | null;
}

/** What Temporal says of a poller. */
export const polled = ({ identity, lastAccessTime }: RawPoller): Polled => ({
  identity: identity ?? '',
  lastSeenAt: Number(lastAccessTime?.seconds ?? 0) * 1000 + (lastAccessTime?.nanos ?? 0) / 1e6,
});

/**
 * Those that polled a moment ago; the server lists others for minutes.
 *
 * @param now milliseconds since 1970, by a clock that is close to the server's; where it is behind, the newest poll is the time
 */
export function liveOf<P extends Pick<Polled, 'lastSeenAt'>>(
  pollers: readonly P[],
  now: number,
  liveMs: number = LIVE_MS,
): P[] {
  const time = Math.max(now, ...pollers.map(({ lastSeenAt }) => lastSeenAt));
  return pollers.filter(({ lastSeenAt }) => time - lastSeenAt <= liveMs);
}

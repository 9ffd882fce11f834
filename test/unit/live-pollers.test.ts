import { expect, test } from 'vitest';
import { makePacer } from '../../activities/pacer.ts';
import { endpointPacers } from '../../workers/endpoint-pacers.ts';
import { countLive } from '../../workers/live-pollers.ts';

const now = 1_800_000_000_000;
const poller = (identity: string, secondsAgo: number) => ({
  identity,
  lastAccessTime: { seconds: now / 1000 - secondsAgo },
});

test('workers are counted once each, and not when their last poll is older than a long poll lasts', () => {
  const pollers = [poller('1@a', 3), poller('1@a', 50), poller('2@a', 60), poller('1@b', 71), { identity: '3@c' }];
  expect(countLive(pollers, now)).toBe(2);
  expect(countLive(pollers, now, 80_000)).toBe(3);
  expect(countLive([], now)).toBe(0);
  // A clock that is behind the server's takes nobody for alive that polled long before the others.
  expect(countLive([poller('1@a', 3), poller('2@a', 200)], now - 600_000)).toBe(1);
});

test('an endpoint at one place with the same limits has one pacer, and each endpoint its own', () => {
  const pacers = endpointPacers();
  const limits = { inFlight: 2, requestsPerMinute: 60 };
  const pacer = pacers.find('writer', 'http://a/v1', limits);
  expect(pacers.find('writer', 'http://a/v1', { ...limits })).toBe(pacer);
  expect(pacers.find('judge', 'http://a/v1', limits)).not.toBe(pacer);
  expect(pacers.find('writer', 'http://b/v1', limits)).not.toBe(pacer);
  expect(pacers.find('writer', 'http://a/v1', { ...limits, inFlight: 3 })).not.toBe(pacer);
});

test('every pacer of an endpoint learns how many share it, also one that is made later', () => {
  const told: string[] = [];
  const pacers = endpointPacers((limits) => ({
    ...makePacer(limits),
    share: (workers) => void told.push(`${limits.inFlight}: ${workers}`),
  }));
  pacers.find('writer', 'http://a/v1', { inFlight: 1 });
  pacers.find('judge', 'http://a/v1', { inFlight: 2 });
  pacers.share('writer', 3);
  pacers.find('writer', 'http://b/v1', { inFlight: 4 });
  expect(told).toEqual(['1: 1', '2: 1', '1: 3', '4: 3']);
});

import type { Finding, ListedPoller, ListedQueue } from './doctor.ts';
import { liveOf } from './live-pollers.ts';
import { GPU_QUEUE, PIPELINE_QUEUE } from './names.ts';

/**
 * Queues with those of their pollers that are worth asking: the live ones that tasks reach. Where no queue has a live one,
 * this clock may be far ahead of the server's, and all that are listed count as such.
 *
 * @param now milliseconds since 1970, by a clock that may be off
 */
export function askable(all: readonly ListedQueue[], now: number): ListedQueue[] {
  const time = Math.max(now, ...all.flatMap(({ pollers }) => pollers.map(({ lastSeenAt }) => lastSeenAt)));
  const live = all.map((queue) => ({ ...queue, pollers: liveOf(queue.pollers, time) }));
  const listed = live.some(({ pollers }) => pollers.length > 0) ? live : all;
  return listed.map((queue) => ({ ...queue, pollers: queue.pollers.filter((poller) => takesTasks(queue, poller)) }));
}

/** Whether workers of a queue take new tasks: their version is the one that tasks go to. */
function takesTasks({ current }: Pick<ListedQueue, 'current'>, { version }: ListedPoller): boolean {
  return version === current;
}

/**
 * One line for a task queue: who polls it with which SDK or version, and whether tasks reach them.
 *
 * @param serverNow milliseconds since 1970, by the server's clock
 */
export function queueFinding(listed: ListedQueue, serverNow: number): Finding {
  const check = `queue ${listed.queue}`;
  const live = liveOf(listed.pollers, serverNow);
  if (live.length === 0) return { check, ...nobody(listed) };
  const found = `${live.length} ${live.length === 1 ? 'worker' : 'workers'}: ${live.map(pollerName).join(', ')}`;
  if (live.some((poller) => takesTasks(listed, poller))) return { check, state: 'ok', found };
  const state = listed.needed ? 'fail' : 'warn';
  const theirs = live.find(({ version }) => version !== undefined)?.version;
  if (theirs === undefined)
    return {
      check,
      state,
      found: `${found}; none is versioned, and tasks go to version ${listed.current} alone`,
      mend: `${commandOf(listed)} starts one that gets them; or let tasks go to unversioned ones: temporal worker deployment set-current-version --deployment-name ${deploymentOf(listed.current!)} --unversioned`,
    };
  return {
    check,
    state,
    found: `${found}; ${listed.current === undefined ? 'no version is current' : `tasks go to ${listed.current}`}, so they get none`,
    mend: `${listed.current === undefined ? '' : `start workers of ${listed.current}; or, to go back: `}longwriter worker --promote --deployment ${deploymentOf(theirs)} --build-id ${theirs.slice(deploymentOf(theirs).length + 1)} makes theirs the current one`,
  };
}

/** A build id may have dots, the name of a deployment none. */
const deploymentOf = (version: string): string => version.slice(0, version.indexOf('.'));

/** What starts a worker that tasks of a queue reach. */
function commandOf({ queue, current }: ListedQueue): string {
  const role = queue === PIPELINE_QUEUE ? 'pipeline' : queue === GPU_QUEUE ? 'gpu' : 'llm';
  if (current === undefined) return `longwriter worker ${role}`;
  const deployment = deploymentOf(current);
  return `longwriter worker ${role} --deployment ${deployment} --build-id ${current.slice(deployment.length + 1)}`;
}

const pollerName = ({ identity, sdk, version }: ListedPoller): string =>
  `${identity} (${version ?? `SDK ${sdk ?? 'unknown'}`})`;

function nobody(listed: ListedQueue): Omit<Finding, 'check'> {
  const { needed, current, busy = [] } = listed;
  // Unversioned workers, as dev has them, would get nothing beside a current version.
  const others = current === undefined ? ', or longwriter dev for all on this one' : `, since ${current} is current`;
  const mend = `${commandOf(listed)} on a machine that is to do it${others}`;
  if (busy.length > 0)
    return {
      state: 'warn',
      found: `all of its workers are busy with a job, and take the next one after it: ${busy.join(', ')}`,
    };
  return needed
    ? { state: 'fail', found: 'nobody polls it', mend }
    : { state: 'warn', found: 'nobody polls it; nothing that was asked for needs it', mend };
}

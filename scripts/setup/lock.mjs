import { spawnSync } from 'node:child_process';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** One set-up at a time: a second one waits, and one whose process is gone is taken over. */
export async function takeLock(lock) {
  // Linked when it is whole, so that nobody reads a lock without its pid.
  const own = `${lock}.${process.pid}`;
  writeFileSync(own, `${process.pid} ${startTimeOf(process.pid)}`);
  try {
    for (let waits = 0; ; waits++) {
      try {
        linkSync(own, lock);
        return () => rmSync(lock, { force: true });
      } catch (error) {
        if (error.code !== 'EEXIST') throw error;
      }
      const holder = read(lock);
      if (holder === undefined) continue;
      const [pid, ...startTime] = holder.split(' ');
      if (startTimeOf(pid) !== startTime.join(' ')) dropLock(lock, holder, `${own}.stale`);
      else if (waits === 0) console.error(`set-up: waiting for another set-up (pid ${pid})`);
      await sleep(250);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Removes a lock whose holder is gone, unless another set-up has taken it since it was read. */
function dropLock(lock, holder, aside) {
  try {
    renameSync(lock, aside);
    if (read(aside) !== holder) linkSync(aside, lock);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** A pid is used again; together with its start time it names one process. Undefined where none runs. */
function startTimeOf(pid) {
  if (process.platform === 'linux') {
    const stat = read(`/proc/${pid}/stat`);
    return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  }
  return spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).stdout?.trim() || undefined;
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    // It may go between a look and the reading. A process that ends while it is read is ESRCH.
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined;
    throw error;
  }
}

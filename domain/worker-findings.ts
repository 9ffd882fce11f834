import {
  SLURM_PROGRAMS,
  type Device,
  type Finding,
  type FindingState,
  type NodeLook,
  type QueueLook,
  type WorkerLook,
} from './doctor.ts';

/** Milliseconds that a clock may be off: signed requests and certificates bear minutes, people reading logs less. */
const SKEW_MS = 5000;

/** Bytes that a node should have free: a small model with its checkpoints, or the cache of a served one. */
const DISK_BYTES = 5 * 2 ** 30;

const GIB = 2 ** 30;

/** What workers are held against. */
export interface Expected {
  /** Hash of the command's own code. */
  readonly code: string;
  readonly storeUrl: string;
  /** Whether the command could use its store, so that a worker's can be known again. */
  readonly hasStore: boolean;
  readonly needsTraining: boolean;
}

/** Milliseconds by which a clock is surely off: before or after all of the time between question and answer. */
export function skewMs(at: number, askedAt: number, answeredAt: number): number {
  if (at < askedAt) return at - askedAt;
  return at > answeredAt ? at - answeredAt : 0;
}

/** A line for a clock, by how much it is surely off from the server's. */
export function clockFinding(check: string, ms: number): Finding {
  const seconds = `${Math.abs(ms / 1000).toFixed(1)} s`;
  if (Math.abs(ms) <= SKEW_MS)
    return { check, state: 'ok', found: ms === 0 ? 'as the server’s' : `${seconds} off the server’s` };
  return {
    check,
    state: 'warn',
    found: `${seconds} ${ms < 0 ? 'behind' : 'ahead of'} the server’s: times in reports and logs are wrong, and signed requests to a bucket may be refused`,
    mend: 'set it by NTP, as chrony does (chronyc tracking)',
  };
}

/** Lines for the workers that looked around: each process once, with the queues that it was asked on, and its GPU node. */
export function workerFindings(looks: readonly QueueLook[], expected: Expected): Finding[] {
  const workers = new Map<string, { readonly look: WorkerLook; readonly queues: string[]; skew: number }>();
  for (const { look, queue, askedAt, answeredAt } of looks) {
    if (!look) continue;
    const known = workers.get(look.worker) ?? { look, queues: [], skew: 0 };
    if (!known.queues.includes(queue)) known.queues.push(queue);
    const skew = skewMs(look.at, askedAt, answeredAt);
    if (Math.abs(skew) > Math.abs(known.skew)) known.skew = skew;
    workers.set(look.worker, known);
  }
  const nodes = looks.flatMap(({ look }) => (look?.node ? [[look.worker, look.node] as const] : []));
  return [
    ...[...workers.values()].flatMap(({ look, skew }) => aboutWorker(look, skew, expected)),
    ...[...new Map(nodes)].flatMap(([worker, node]) => nodeFindings(worker, node, expected.needsTraining)),
  ];
}

/** One line where all is well, and one for each thing that is not. */
function aboutWorker(look: WorkerLook, skew: number, { code, storeUrl, hasStore }: Expected): Finding[] {
  const check = `worker ${look.worker}`;
  const wrong: Finding[] = [];
  if (look.code !== code)
    wrong.push({
      check,
      state: 'warn',
      found: `runs other code (${look.code}) than this command (${code})`,
      mend: 'start it again from the same release; what is under way goes on',
    });
  const { url, problem, isOurs } = look.store;
  if (problem !== undefined)
    wrong.push({ check, state: 'fail', found: `its store fails: ${problem}`, mend: 'mend it where that worker runs' });
  else if (!isOurs && hasStore)
    wrong.push({
      check,
      state: 'fail',
      found: `its store ${url} is not the one of this command, ${storeUrl}`,
      mend: 'give both the same LONGWRITER_STORE, on a disk that both see or gs://',
    });
  const clock = clockFinding(check, skew);
  if (clock.state !== 'ok') wrong.push({ ...clock, found: `its clock is ${clock.found}` });
  if (wrong.length > 0) return wrong;
  return [{ check, state: 'ok', found: `same code (${code}), same store, which it can write; clock ${clock.found}` }];
}

function nodeFindings(worker: string, node: NodeLook, needsTraining: boolean): Finding[] {
  const check = `GPU node ${worker}`;
  const free = `${(node.diskFreeBytes / GIB).toFixed(0)} GiB free on the disk of ${node.home}`;
  const wrong: Finding[] = [];
  const say = (state: FindingState, found: string, mend: string) => wrong.push({ check, state, found, mend });
  if (node.diskFreeBytes < DISK_BYTES) say('warn', free, 'make room, or put LONGWRITER_HOME on another disk');
  // A submit host need not have what the machines behind Slurm have.
  const elsewhere = node.remote ? 'warn' : 'fail';
  for (const program of node.missing)
    say(
      SLURM_PROGRAMS.includes(program) ? 'fail' : elsewhere,
      `${program} is not there`,
      'install it, put it on the search path, or change the command in the configuration',
    );
  if (node.missingModel !== undefined)
    say(elsewhere, `the base model ${node.missingModel} is not there`, 'fetch it there, or change training.baseModel');
  const { trainer } = node;
  if ('problem' in trainer)
    say(
      needsTraining ? elsewhere : 'warn',
      `the trainer cannot be loaded: ${trainer.problem}`,
      'npm run setup, or let LONGWRITER_TRAINER_PYTHON name a Python that has it',
    );
  else if (trainer.driver && trainer.devices.length === 0 && !node.remote)
    say(
      'warn',
      'it has NVIDIA’s driver, and its torch sees no device: trainings run on the CPU',
      'install torch with CUDA: uv sync --project trainer --frozen --group gpu',
    );
  if (wrong.length > 0 || 'problem' in trainer) return wrong;
  const versions = Object.entries(trainer.versions).map(([name, version]) => `${name} ${version}`);
  const devices = trainer.devices.map(deviceText).join(', ') || 'no GPU: trains on the CPU';
  const place = node.remote ? 'jobs go to Slurm' : devices;
  return [{ check, state: 'ok', found: `${place}; ${free}; ${versions.join(', ')}` }];
}

const deviceText = ({ name, freeBytes, totalBytes }: Device): string =>
  `${name} with ${(freeBytes / GIB).toFixed(0)} of ${(totalBytes / GIB).toFixed(0)} GiB free`;

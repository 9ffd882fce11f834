import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import getPort from 'get-port';
import { expect, vi } from 'vitest';

/** A real Slurm of one node, without systemd: munged, slurmctld and slurmd in a folder and on ports of their own. */
export interface SlurmRig {
  /** Runs a Slurm command, such as scontrol, and returns what it prints. */
  run(command: string, ...args: string[]): Promise<string>;
  startController(): Promise<void>;
  stopController(): Promise<void>;
  startNode(): Promise<void>;
  stopNode(): Promise<void>;
  /** Ends all jobs and daemons, and removes the folder. */
  stop(): Promise<void>;
}

const PATIENCE = { timeout: 30_000, interval: 100 };

/** Starts a Slurm and makes this process's commands talk to it; returns when its node is idle. */
export async function startSlurm(): Promise<SlurmRig> {
  const folder = await mkdtemp(join(tmpdir(), 'longwriter-slurm-'));
  await chmod(folder, 0o755);
  const munged = await startMunge(folder);
  const configuration = join(folder, 'slurm.conf');
  await writeFile(configuration, await slurmConfiguration(folder));
  process.env['SLURM_CONF'] = configuration;
  const daemons = new Map<string, ChildProcess>();
  const start = async (program: string) => {
    const log = join(folder, `${program}.out`);
    daemons.set(program, await startDaemon(`/usr/sbin/${program}`, ['-D'], log));
  };
  const rig: SlurmRig = {
    run: async (command, ...args) => (await promisify(execFile)(command, args, { timeout: 20_000 })).stdout,
    async startController() {
      await start('slurmctld');
      await vi.waitFor(async () => expect(await rig.run('scontrol', 'ping')).toContain('UP'), PATIENCE);
    },
    stopController: () => endDaemon(daemons.get('slurmctld')),
    async startNode() {
      await start('slurmd');
      await vi.waitFor(
        async () => expect(await rig.run('sinfo', '-h', '-o', '%T')).toMatch(/^(idle|mix|alloc)/),
        PATIENCE,
      );
    },
    stopNode: () => endDaemon(daemons.get('slurmd')),
    async stop() {
      await rig.run('scancel', '--me').catch(() => undefined);
      await vi.waitFor(async () => expect(await rig.run('squeue', '-h')).toBe(''), PATIENCE).catch(() => undefined);
      for (const daemon of [...daemons.values(), munged]) await endDaemon(daemon);
      delete process.env['SLURM_CONF'];
      await rm(folder, { recursive: true, force: true });
    },
  };
  await rig.startController();
  await rig.startNode();
  return rig;
}

const mungeSocket = (folder: string): string => join(folder, 'munge', 'socket');

/** munged refuses to be root, so under root it is the user that its package made. */
async function startMunge(folder: string): Promise<ChildProcess> {
  const home = join(folder, 'munge');
  const key = join(home, 'key');
  await mkdir(home, { mode: 0o711 });
  await writeFile(key, randomBytes(64), { mode: 0o400 });
  const isRoot = userInfo().uid === 0;
  const [uid, gid] = isRoot ? await Promise.all(['-u', '-g'].map(idOfMunge)) : [userInfo().uid, userInfo().gid];
  for (const path of [home, key]) await chown(path, uid!, gid!);
  const files = {
    'key-file': key,
    socket: mungeSocket(folder),
    'pid-file': join(home, 'pid'),
    'seed-file': join(home, 'seed'),
  };
  const args = Object.entries(files).map(([name, path]) => `--${name}=${path}`);
  const munged = await startDaemon('/usr/sbin/munged', ['--foreground', ...args], join(folder, 'munged.out'), uid, gid);
  const socket = `--socket=${mungeSocket(folder)}`;
  await vi.waitFor(() => promisify(execFile)('munge', ['--no-input', socket]), PATIENCE);
  return munged;
}

async function idOfMunge(flag: string): Promise<number> {
  const { stdout } = await promisify(execFile)('id', [flag, 'munge']);
  return Number(stdout);
}

async function slurmConfiguration(folder: string): Promise<string> {
  const [controllerPort, nodePort] = [await getPort(), await getPort()];
  const node = hostname().split('.')[0]!;
  for (const name of ['state', 'spool']) await mkdir(join(folder, name));
  return `ClusterName=longwriter
SlurmctldHost=${node}(127.0.0.1)
SlurmctldPort=${controllerPort}
SlurmdPort=${nodePort}
SlurmUser=${userInfo().username}
SlurmdUser=${userInfo().username}
AuthType=auth/munge
CredType=cred/munge
# A requeued job waits for as long as its credential holds, two minutes by default. Not less: what is told late of its
# first life would be taken for the second's.
AuthInfo=socket=${mungeSocket(folder)},cred_expire=5
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
KillWait=3
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
NodeName=${node} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=gpu Nodes=${node} Default=YES MaxTime=INFINITE State=UP
`;
}

async function startDaemon(
  program: string,
  args: readonly string[],
  log: string,
  uid?: number,
  gid?: number,
): Promise<ChildProcess> {
  const output = await open(log, 'a');
  const user = uid === undefined || gid === undefined ? {} : { uid, gid };
  const daemon = spawn(program, args, { stdio: ['ignore', output.fd, output.fd], ...user });
  await output.close();
  return daemon;
}

async function endDaemon(daemon: ChildProcess | undefined): Promise<void> {
  if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return;
  const ended = new Promise((resolve) => daemon.once('exit', resolve));
  daemon.kill('SIGTERM');
  await ended;
}

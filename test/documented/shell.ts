import { spawn, type ChildProcess } from 'node:child_process';
import { PROJECT } from '../../configs/env.ts';

/** What a command came to. */
export interface Ended {
  readonly code: number;
  readonly output: string;
}

/** Runs a shell's line in the project's folder, until it ends; or until it says something, and is sent SIGTERM. */
export function runLine(line: string, env: NodeJS.ProcessEnv, until: string | undefined): Promise<Ended> {
  const child = spawn('bash', ['-c', line], { cwd: PROJECT, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let output = '';
  let told = false;
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => {
      output += data.toString();
      if (told || until === undefined || !output.includes(until)) return;
      told = true;
      process.kill(-child.pid!, 'SIGTERM');
    });
  return new Promise((done) => child.once('close', (code) => done({ code: code ?? -1, output })));
}

/** Starts `longwriter dev`; resolves when it says that it is up. */
export function startDev(env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/longwriter.ts', 'dev'], { cwd: PROJECT, env });
  return new Promise((done, fail) => {
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => {
        said += data.toString();
        if (said.includes('Temporal UI:')) done(child);
      });
    child.once('exit', (code) => fail(new Error(`dev ended with ${code}: ${said}`)));
  });
}

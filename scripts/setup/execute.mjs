import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { SetupError } from './check.mjs';

/** The installer that is at work. */
let working;

/** Ends the installer that is at work, which would otherwise go on without set-up. */
export function endInstaller() {
  working?.kill('SIGTERM');
}

/** Runs an installer with its output in a log. Fails with SetupError, which shows the last lines. */
export async function execute([command, ...args], { cwd, logFile, env = {} }) {
  fs.mkdirSync(dirname(logFile), { recursive: true });
  const log = fs.openSync(logFile, 'a');
  const from = fs.fstatSync(log).size;
  fs.writeSync(log, `\n${new Date().toISOString()} ${[command, ...args].join(' ')}\n`);
  working = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', log, log] });
  const ended = await new Promise((settle) => {
    working.once('error', (error) => settle(error.message));
    working.once('exit', (code, signal) => settle(code === 0 ? undefined : `exit ${code ?? signal}`));
  });
  fs.closeSync(log);
  if (ended === undefined) return;
  const tail = fs.readFileSync(logFile).subarray(from).toString().trim().split('\n').slice(-15).join('\n');
  throw new SetupError(`${command} failed (${ended}); the whole log is ${logFile}\n${tail}`);
}

import { readEnvironment } from '../configs/env.ts';
import { startWorkers, type Role } from './run-worker.ts';

/** Runs workers of some roles until a signal ends them. */
export async function runUntilSignal(roles: readonly Role[]): Promise<void> {
  const workers = await startWorkers(readEnvironment(), roles);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void workers.stop());
  console.error(`polling as ${roles.join(', ')}; Ctrl-C ends`);
  await workers.ended;
}

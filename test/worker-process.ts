import { readEnvironment } from '../configs/env.ts';
import { ROLES, startWorkers } from '../workers/run-worker.ts';

// Workers of all roles in a process of their own, so that a test sees all that they say; they end with who started them.
const workers = await startWorkers(readEnvironment(), ROLES);
process.stdin.resume().once('end', () => void workers.stop());
console.log('polling');
await workers.ended;

import { runUntilSignal } from './main.ts';
import { ROLES } from './run-worker.ts';

await runUntilSignal(ROLES);

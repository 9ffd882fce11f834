import { runUntilSignal } from './main.ts';

await runUntilSignal(['llm']);

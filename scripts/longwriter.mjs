#!/usr/bin/env node
// The command as npm links it: `npx longwriter`, or `longwriter` after `npm link`.
import { register } from 'tsx/esm/api';

register();
await import('./longwriter.ts');

import { assembleDataset } from '../../activities/assemble-dataset.ts';
import { inActivity } from '../samples.ts';
import { activityDeps } from '../unit/activity-deps.ts';

// Assembles the dataset of the prepared store in a folder; a process of its own, so that it can be killed.
const [folder = '', ...overrides] = process.argv.slice(2);
const deps = await activityDeps(folder, undefined as never, overrides);
const made = await inActivity(() => assembleDataset(deps, { run: 'r', revision: 1, instructions: 'instructions' }));
console.log(made.folder);

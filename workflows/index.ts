export { runPipeline } from './run-pipeline.ts';
export { partition } from './partition.ts';
export { generateSample } from './generate-sample.ts';
export { trainModel } from './train-model.ts';
export { buildPreferences } from './build-preferences.ts';
export { evaluateModel } from './evaluate-model.ts';
export { calibrateJudge } from './calibrate-judge.ts';
export { reevaluate } from './reevaluate.ts';

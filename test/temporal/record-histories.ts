// Records the histories that replay.test.ts replays: node --import tsx test/temporal/record-histories.ts
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { defineSearchAttributeKey } from '@temporalio/common';
import { PROJECT } from '../../configs/env.ts';
import { loadConfig } from '../../configs/load.ts';
import { childId, GPU_QUEUE, PIPELINE_QUEUE } from '../../domain/names.ts';
import { serviceProgram } from '../../scripts/embedded/paths.ts';
import { startTestPipeline } from './environment.ts';
import { goodActivities } from './fakes.ts';

const FOLDER = 'test/fixtures/histories';
const RUN = 'recorded';

/** One workflow of each type, by the id that it has in a run. */
const SCHEDULE = 'schedule';
const WORKFLOWS = {
  'run-pipeline': RUN,
  partition: childId(RUN, 'generate'),
  'generate-sample': childId(RUN, 'sample', '0'),
  'train-model': childId(RUN, 'sft'),
  'build-preferences': childId(RUN, 'preferences'),
  'evaluate-model': childId(RUN, 'evaluate', 'base'),
  'calibrate-judge': childId(RUN, 'evaluate', 'judge.calibration'),
  reevaluate: childId(SCHEDULE, 'firing'),
  doctor: childId('doctor', RUN),
};

const config = await loadConfig('configs/quickstart.yaml', ['evaluation.calibration=inputs/c']);
const pipeline = await startTestPipeline();
const { client } = pipeline.environment;
try {
  const prepared = { folder: 'c', prompts: 1, completions: 1, judgements: 1, positions: false };
  const look = { worker: '1@a', code: 'c', at: 0, store: { url: '/s', isOurs: true }, endpoints: [] };
  const activities = {
    ...goodActivities([]).activities,
    prepareCalibration: async () => prepared,
    checkWorker: async () => look,
  };
  await pipeline.withActivities(activities, async () => {
    await client.workflow.execute('runPipeline', {
      taskQueue: PIPELINE_QUEUE,
      workflowId: RUN,
      args: [{ run: RUN, revision: 1, config, attributes: true }],
      typedSearchAttributes: [{ key: defineSearchAttributeKey('LwRun', 'KEYWORD'), value: RUN }],
    });
    await client.workflow.execute('doctor', {
      taskQueue: PIPELINE_QUEUE,
      workflowId: WORKFLOWS.doctor,
      args: [
        {
          asks: [PIPELINE_QUEUE, GPU_QUEUE].map((queue) => ({ queue, copies: 1, ask: { marker: 'm', endpoints: [] } })),
          waitSeconds: 10,
        },
      ],
    });
    const firing = { run: SCHEDULE, revision: 1, schedule: SCHEDULE, attributes: true };
    await client.workflow.execute('reevaluate', {
      taskQueue: PIPELINE_QUEUE,
      workflowId: WORKFLOWS.reevaluate,
      args: [
        {
          ...firing,
          config: await loadConfig('configs/quickstart.yaml', ['evaluation.alone={ models: { mine: m }, firing: {} }']),
        },
      ],
    });
  });
  await mkdir(FOLDER, { recursive: true });
  for (const [name, id] of Object.entries(WORKFLOWS)) {
    const show = [
      'workflow',
      'show',
      '--workflow-id',
      id,
      '--address',
      pipeline.environment.address,
      '--output',
      'json',
    ];
    const { stdout } = await promisify(execFile)(serviceProgram(PROJECT, 'temporal'), show, { maxBuffer: 2 ** 26 });
    // The client's identity would name the machine that recorded it.
    const history = JSON.stringify(JSON.parse(stdout)).replaceAll(/"identity":"\d+@[^"]*"/g, '"identity":"test"');
    await writeFile(`${FOLDER}/${name}.json`, `${history}\n`);
  }
} finally {
  await pipeline.close();
}

import { noopMetricMeter } from '@temporalio/common';
import { makeCalls } from '../../activities/calls.ts';
import type { ActivityDeps } from '../../activities/deps.ts';
import { makeGate } from '../../activities/gate.ts';
import type { ModelClient } from '../../activities/io/model/model.ts';
import { fileStore } from '../../activities/io/store/file.ts';
import { jsonBytes } from '../../activities/io/store/json.ts';
import { makeMetrics } from '../../activities/metrics.ts';
import { makeOutages } from '../../activities/outages.ts';
import { makePacer } from '../../activities/pacer.ts';
import { makeRunFiles } from '../../activities/run-files.ts';
import { loadConfig, parseConfig } from '../../configs/load.ts';
import { configKey } from '../../domain/keys.ts';
import type { Answer } from '../../domain/schemas/call.ts';

/** What activities of a run `r` work with: a real store in a folder, the quickstart's configuration, a model of the test's own. */
export async function activityDeps(
  folder: string,
  complete: ModelClient['complete'],
  overrides: readonly string[] = [],
): Promise<ActivityDeps> {
  const store = fileStore(folder);
  const pacer = makePacer({ inFlight: 2 });
  await store.putView(configKey('r'), jsonBytes(await loadConfig('configs/quickstart.yaml', overrides)));
  return {
    store,
    files: makeRunFiles(store, parseConfig),
    calls: makeCalls(store),
    gate: makeGate(store),
    model: { complete },
    pacer: () => pacer,
    outages: makeOutages(),
    metrics: makeMetrics(noopMetricMeter),
    launchers: undefined as never,
    draining: new AbortController().signal,
    node: {
      home: folder,
      code: 'c0de',
      processes: folder,
      embeddedModelUrl: 'http://embedded/v1',
      commandValues: {},
      secret: () => 'k',
    },
  };
}

/** An answer of a model that ended by itself. */
export const answerOf = (text: string, more: Partial<Answer> = {}): Answer => ({
  text,
  finishReason: 'stop',
  usage: { promptTokens: 100, cachedTokens: 40, completionTokens: 50 },
  ...more,
});

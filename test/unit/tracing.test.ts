import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { readTelemetry } from '../../configs/telemetry.ts';
import { workerTelemetry } from '../../workers/telemetry.ts';
import { startCollector } from '../otlp.ts';

test('the span of an activity that fails tells the class of the failure, and nothing that it says', async () => {
  const collector = await startCollector();
  // OpenTelemetry's exporter reads the address itself.
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = collector.url;
  try {
    const telemetry = await workerTelemetry(readTelemetry({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }));
    const interceptors = telemetry.options.interceptors!.activity!;
    const environment = new MockActivityEnvironment({ activityType: 'planSample' }, { interceptors });
    const failing = environment.run(async () => {
      throw ApplicationFailure.nonRetryable('http://secret-host/v1: 401 canary-words', 'Model.Unauthorized');
    });
    await expect(failing).rejects.toThrow('canary-words');
    await telemetry.flush();
    expect(collector.spans.map(({ name }) => name)).toEqual(['RunActivity:planSample']);
    const sent = Buffer.concat(collector.requests.map(({ body }) => body)).toString('latin1');
    expect(sent).toContain('ApplicationFailure');
    expect(sent).not.toMatch(/canary-words|secret-host|exception\.(message|stacktrace)/);
  } finally {
    delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
    collector.close();
  }
});

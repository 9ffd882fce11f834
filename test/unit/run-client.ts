import type { Client } from '@temporalio/client';
import { expect } from 'vitest';
import type { ProgressReport } from '../../domain/progress.ts';

/** The workflow that a mocked activity is of; it hears what its run hears. */
const MOCKED = 'test';

/** A client for a mocked activity, which keeps what a run is told of progress. */
export function runClient(reports: ProgressReport[] = []): Client {
  const signal = async (name: string, report: ProgressReport): Promise<void> => {
    expect(name).toBe('progress');
    reports.push(report);
  };
  const withAbortSignal = (_signal: AbortSignal, inside: () => unknown) => inside();
  return {
    workflow: { getHandle: (id: string) => ({ signal: id === MOCKED ? async () => undefined : signal }) },
    withAbortSignal,
  } as unknown as Client;
}

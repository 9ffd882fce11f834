import { Worker, type WorkerOptions } from '@temporalio/worker';

/** Creates workers, all or none: where one cannot be made, the others are ended. Fails as that one did. */
export async function createWorkers(all: readonly WorkerOptions[]): Promise<Worker[]> {
  const made = await Promise.allSettled(all.map((options) => Worker.create(options)));
  const workers = made.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = made.find((one) => one.status === 'rejected');
  if (!failed) return workers;
  // One that has never run cannot be shut down, and would hold its connection open.
  await Promise.allSettled(
    workers.map((worker) => {
      const run = worker.run();
      worker.shutdown();
      return run;
    }),
  );
  throw failed.reason;
}

import { openSession, type Session } from './connect.ts';
import { startPipeline, type EmbeddedPipeline } from './embedded/pipeline.ts';
import { stopOnSignals } from './embedded/services.ts';
import type { RunWatch } from './walk-run.ts';

/**
 * Does something beside the embedded services and workers, which are ended after it and on a signal; no process stays.
 * @param work gets a session with them, and what its runs are followed by
 */
export async function withPipeline<T>(
  say: (line: string) => void,
  work: (session: Session, watch: RunWatch, pipeline: EmbeddedPipeline) => Promise<T>,
): Promise<T> {
  const pipeline = await startPipeline(say);
  const over = new AbortController();
  stopOnSignals(() => {
    over.abort();
    return pipeline.stop();
  });
  try {
    const session = await openSession(pipeline.environment);
    try {
      return await work(session, { say, signal: over.signal, broken: pipeline.broken }, pipeline);
    } finally {
      over.abort();
      await session.close();
    }
  } finally {
    await pipeline.stop();
  }
}

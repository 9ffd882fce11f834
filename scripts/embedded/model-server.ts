import { join } from 'node:path';
import getPort from 'get-port';
import { startProcess, type StartedProcess } from '../../activities/io/process.ts';
import { findSmallModel, pythonOf } from './paths.ts';
import { waitFor } from './wait-for.ts';

/** Milliseconds the server may take to load a model. */
const READY_MS = 60_000;

/** Starts llama.cpp's OpenAI-compatible server with SmolLM2-135M-Instruct, on loopback. */
export async function startModelServer(options: {
  home: string;
  project: string;
  registry: string;
  parallel?: number;
}): Promise<{ process: StartedProcess; baseUrl: string }> {
  const port = await getPort({ host: '127.0.0.1', port: [8080, 8081, 8082] });
  const logFile = join(options.home, 'logs', 'model-server.log');
  const started = await startProcess({
    name: 'model-server',
    command: pythonOf(options.project, 'services'),
    args: [
      join(options.project, 'scripts/embedded/services/llama_server.py'),
      ...['--model', await findSmallModel(options.project)],
      ...['--port', String(port)],
      ...['--alias', 'smollm2-135m-instruct-q4_1'],
      ...(options.parallel === undefined ? [] : ['--parallel', String(options.parallel)]),
    ],
    logFile,
    registry: options.registry,
  });
  const root = `http://127.0.0.1:${port}`;
  const isUp = () =>
    fetch(`${root}/health`, { signal: AbortSignal.timeout(2000) }).then(
      (response) => response.ok,
      () => false,
    );
  await waitFor(`the model server at ${root}`, isUp, { process: started, logFile, deadlineMs: READY_MS });
  return { process: started, baseUrl: `${root}/v1` };
}

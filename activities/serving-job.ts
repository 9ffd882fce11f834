import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { RunConfig } from '../configs/schema.ts';
import { fingerprint8 } from '../domain/fingerprint.ts';
import type { ModelReference } from '../domain/schemas/run.ts';
import { fillCommand } from './command.ts';
import type { ActivityDeps } from './deps.ts';
import { fetchModel, modelFolder } from './fetch-model.ts';
import type { LaunchedJob, Launcher } from './io/launcher/launcher.ts';
import { quoteShell } from './io/launcher/shell.ts';

/** A model server as a job, and the key that it asks for. */
export interface ServingJob extends LaunchedJob {
  readonly key: string;
  /** The programs that prepare and serve. */
  readonly programs: { readonly prepare: string | undefined; readonly server: string };
}

/** Where a server listens, as its job says. */
const Address = z.strictObject({ host: z.string(), port: z.number().int().positive() });
export type Address = z.infer<typeof Address>;

/** What a serving is about; `start` tells one start of a server from another, of this run and of all others. */
export interface ServingInputs {
  readonly run: string;
  readonly model: ModelReference;
  readonly start: string;
}

/** Fetches a model and writes the job that prepares and serves it. Another attempt at the same start finds the same job. */
export async function prepareServing(
  deps: ActivityDeps,
  { prepare, command }: RunConfig['serving'],
  reach: Launcher['reach'],
  { run, model, start }: ServingInputs,
): Promise<ServingJob> {
  const models = modelFolder(deps, model.identity);
  await mkdir(models, { recursive: true });
  const values = {
    ...deps.node.commandValues,
    model: await fetchModel(deps, model),
    // Named by how it is made: another command makes another one.
    prepared: join(models, `prepared-${fingerprint8(prepare)}`),
    name: 'served',
  };
  const filled = { prepare: fillCommand(prepare, values), command: fillCommand(command, values) };
  const id = `${run}.serve.${fingerprint8({ start, model: model.identity, ...filled })}`;
  const folder = join(deps.node.home, 'work', 'jobs', id);
  await mkdir(folder, { recursive: true });
  const key = await findOrMakeKey(join(folder, 'key'));
  const file = join(folder, 'serve.sh');
  const host = reach === 'machine' ? '127.0.0.1' : undefined;
  await writeFile(file, servingScript({ ...filled, prepared: values.prepared, host }), { mode: 0o600 });
  const programs = { prepare: filled.prepare[0], server: filled.command[0]! };
  return { id, folder, key, programs, command: ['bash', file], log: 'served-model.log', endless: true };
}

/** The address that a job has advertised; undefined as long as its model is being prepared. */
export async function readAddress(job: LaunchedJob): Promise<Address | undefined> {
  const text = await readFile(join(job.folder, 'address.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : Address.parse(JSON.parse(text));
}

/** The key stands in a file that its owner alone can read, and in no script and no environment. */
async function findOrMakeKey(file: string): Promise<string> {
  const key = randomBytes(16).toString('hex');
  try {
    await writeFile(file, key, { mode: 0o600, flag: 'wx' });
    return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return readFile(file, 'utf8');
  }
}

/**
 * What a serving job runs on its node: prepares the model unless that is done, takes a free port, advertises it whole or not
 * at all, and becomes the server. {host}, {port} and {key} are filled in there, since nobody knows them before.
 *
 * @param options.host the name to listen on; the node's own where undefined
 */
export function servingScript(options: {
  readonly prepare: readonly string[];
  readonly prepared: string;
  readonly command: readonly string[];
  readonly host: string | undefined;
}): string {
  const prepared = quoteShell(options.prepared);
  const prepare = options.prepare.map(quoteShell).join(' ');
  return `#!/bin/bash
cd "$(dirname "$0")" || exit 1
rm -f address.json
${prepare === '' ? '' : `[ -e ${prepared} ] || ${prepare} || exit\n[ -e ${prepared} ] || exit 1`}
host=${options.host ?? '"$HOSTNAME"'}
port=
is_taken() { (exec 3<>"/dev/tcp/$1/$port") 2>/dev/null; }
while [ -z "$port" ] || is_taken 127.0.0.1 || is_taken "$host"; do port=$((20000 + RANDOM % 12000)); done
printf '{"host":"%s","port":%s}' "$host" "$port" >address.json.new && mv address.json.new address.json
key=$(<key)
command=()
for part in ${options.command.map(quoteShell).join(' ')}; do
  part=\${part//'{host}'/"$host"}
  part=\${part//'{port}'/"$port"}
  command+=("\${part//'{key}'/"$key"}")
done
exec "\${command[@]}"
`;
}

import { CODEC_KEYS, readCodecKeys } from '../../activities/io/temporal/codec-keys.ts';
import { EncryptionCodec } from '../../activities/io/temporal/codec.ts';
import { readEnvironment, type Environment } from '../../configs/env.ts';
import { codecService } from '../codec-service.ts';
import { CommandError, EXIT } from '../exit.ts';

/** The variable, or with `_FILE` the file, that holds what callers send as a bearer token. */
const CODEC_TOKEN = 'LONGWRITER_CODEC_TOKEN';

const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

/** The options of `longwriter codec-server`, as they are typed. */
export interface CodecServerOptions {
  readonly port: string;
  readonly host: string;
  readonly web: readonly string[];
  readonly auth: boolean;
  readonly json?: boolean;
}

/** Opens and seals payloads for Temporal's UI and command line until a signal ends it. */
export async function codecServer(options: CodecServerOptions): Promise<number> {
  const { server, url } = await startCodecServer(readEnvironment(), options);
  if (options.json) console.log(JSON.stringify({ url }));
  else console.error(`codec server: ${url}; Ctrl-C ends`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  await server.close();
  return EXIT.done;
}

/** Starts the codec server. Fails with exit code 2 on settings that would leave it without keys, or open to anybody. */
export async function startCodecServer(environment: Environment, options: CodecServerOptions) {
  const { host } = options;
  const port = Number(options.port);
  if (!/^\d+$/.test(options.port) || port > 65_535) throw usage(`--port: ${options.port} is no port, 0 to 65535`);
  const keys = readCodecKeys(environment.secret(CODEC_KEYS));
  if (keys.size === 0) throw usage(`${CODEC_KEYS} is not set; it holds the keys, as id:base64,id2:base64`);
  const token = options.auth ? environment.secret(CODEC_TOKEN) : undefined;
  if (options.auth && !token) throw usage(`${CODEC_TOKEN} is not set; set it, or on loopback give --no-auth`);
  if (!options.auth && !LOOPBACK.includes(host)) throw usage(`--no-auth is for loopback only; ${host} is not`);
  const origins = options.web.map(readOrigin);
  const server = codecService(new EncryptionCodec(keys), { token, origins });
  const url = await server.listen({ host, port }).catch((error: unknown) => {
    throw usage(`the codec server cannot listen on ${host}:${port}: ${(error as Error).message}`);
  });
  return { server, url };
}

function readOrigin(text: string): string {
  const origin = URL.canParse(text) ? new URL(text).origin : 'null';
  if (origin === 'null') throw usage(`--web: ${text} is no address of a UI, such as https://cloud.temporal.io`);
  return origin;
}

const usage = (message: string): CommandError => new CommandError(EXIT.usage, message);

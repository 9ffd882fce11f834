import { readFileSync } from 'node:fs';
import { loadClientConnectConfig, type ClientConnectConfig } from '@temporalio/envconfig';
import type { Environment } from '../../../configs/env.ts';
import { ConfigError } from '../../../domain/config-error.ts';

type ConnectionOptions = ClientConnectConfig['connectionOptions'];

/** A namespace of a Temporal server, and how to get there. */
export interface TemporalPlace {
  readonly address: string;
  readonly namespace: string;
  /** For `Connection.connect` and `NativeConnection.connect`. */
  readonly connection: { address: string } & Pick<ConnectionOptions, 'tls' | 'apiKey' | 'metadata'>;
}

/** What Temporal's programs read that this one would have to leave out, and what to do instead. */
const UNSUPPORTED = new Map([
  ['TEMPORAL_TLS_DISABLE_HOST_VERIFICATION', 'name its authority in TEMPORAL_TLS_SERVER_CA_CERT_PATH'],
]);

const YES_OR_NO = /^(?:1|0|true|false)$/;

/**
 * Where Temporal is, as its own programs say it: TEMPORAL_* variables over a profile of its configuration file; where neither
 * names an address, the embedded server. TEMPORAL_API_KEY may be a file's, by TEMPORAL_API_KEY_FILE.
 *
 * Fails with ConfigError on a setting that cannot be used, before anything is connected.
 */
export async function temporalPlace(environment: Environment): Promise<TemporalPlace> {
  const settings = environment.temporalSettings();
  check(settings);
  const key = settings['TEMPORAL_API_KEY_FILE'] === undefined ? undefined : environment.secret('TEMPORAL_API_KEY');
  const { connectionOptions, namespace } = load({ ...settings, ...(key && { TEMPORAL_API_KEY: key }) });
  const named = environment.temporalAddress ?? connectionOptions.address;
  const { tls, apiKey, metadata } = connectionOptions;
  if (named === undefined && (tls || apiKey))
    throw new ConfigError(
      `Temporal is given ${apiKey ? 'an API key' : 'TLS'}, but no address; set TEMPORAL_ADDRESS, or the address of its profile`,
    );
  const address = withPort(named ?? environment.embeddedAddress);
  return {
    address,
    namespace: environment.temporalNamespace ?? namespace ?? 'default',
    connection: {
      address,
      ...(tls === undefined ? {} : { tls }),
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(metadata === undefined ? {} : { metadata }),
    },
  };
}

function check(settings: Readonly<Record<string, string>>): void {
  const tls = settings['TEMPORAL_TLS'];
  if (tls !== undefined && !YES_OR_NO.test(tls)) throw new ConfigError(`TEMPORAL_TLS is "${tls}"; set true or false`);
  for (const [name, instead] of UNSUPPORTED)
    if (/^(?:1|true)$/.test(settings[name] ?? '')) throw new ConfigError(`${name} is not supported; ${instead}`);
  const [certificate, key] = (['CERT', 'KEY'] as const).map((part) =>
    ['PATH', 'DATA'].some((form) => settings[`TEMPORAL_TLS_CLIENT_${part}_${form}`] !== undefined),
  );
  if (certificate !== key && settings['TEMPORAL_PROFILE'] === undefined)
    throw new ConfigError(
      'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH belong together, and one of them is not set',
    );
}

function load(settings: Record<string, string>): ClientConnectConfig {
  // One that is named has to be there; the usual place may be empty.
  const file = settings['TEMPORAL_CONFIG_FILE'];
  try {
    return loadClientConnectConfig({
      ...(file === undefined ? {} : { configSource: { data: readFileSync(file) } }),
      configFileStrict: true,
      overrideEnvVars: settings,
    });
  } catch (error) {
    const { code, path, message } = error as NodeJS.ErrnoException;
    if (code !== undefined && path !== undefined)
      throw new ConfigError(`Temporal's settings name the file ${path}, which cannot be read (${code})`);
    const [line = ''] = message.split('\n');
    throw new ConfigError(`Temporal's settings cannot be used: ${line}; see ${file ?? 'temporal.toml'} and TEMPORAL_*`);
  }
}

/** An address with the port that Temporal's frontend usually has. Fails with ConfigError on a URL. */
function withPort(address: string): string {
  if (address.includes('://') || /\s/.test(address) || address === '')
    throw new ConfigError(`Temporal's address is "${address}"; give it as host:port, such as 127.0.0.1:7233`);
  const [, port] = /:(\d+)$/.exec(address) ?? [];
  if (port !== undefined && Number(port) > 65_535)
    throw new ConfigError(`Temporal's address is "${address}"; a port is 65535 at most`);
  return port === undefined ? `${address}:7233` : address;
}

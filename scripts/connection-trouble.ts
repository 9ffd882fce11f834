import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { TemporalPlace } from '../activities/io/temporal/connect.ts';
import { CommandError, EXIT } from './exit.ts';
import { hasCode, namespaceMissing } from './grpc.ts';

/** Milliseconds that a look at a port may take. */
const LOOK_MS = 1500;

/** What keeps from connecting to Temporal, in one line: looks at the port only where connecting has failed. */
export async function connectionTrouble(options: TemporalPlace['connection'], error: unknown): Promise<CommandError> {
  const { address, tls, apiKey } = options;
  if (hasCode(error, 'permissionDenied', 'unauthenticated'))
    return new CommandError(
      EXIT.usage,
      `the Temporal server at ${address} refuses ${apiKey ? 'the API key: it may have expired or be of another namespace' : 'a client without a key'}; set TEMPORAL_API_KEY`,
    );
  const place = portOf(address);
  const unreachable = (what: string): CommandError => new CommandError(EXIT.unreachable, what);
  if ((await tcpTrouble(place)) !== undefined)
    return unreachable(
      `no Temporal server answers at ${address}; start one with npm run longwriter -- dev, or set TEMPORAL_ADDRESS`,
    );
  const refusal = await tlsTrouble(place, tls);
  if (!tls && refusal === undefined)
    return unreachable(`the server at ${address} speaks TLS; set TEMPORAL_TLS=true, and its certificates`);
  if (tls && refusal?.isPlain)
    return unreachable(`the server at ${address} does not speak TLS; set TEMPORAL_TLS=false, or its other port`);
  if (tls && refusal)
    return unreachable(
      `TLS with the server at ${address} fails: ${refusal.said}; see TEMPORAL_TLS_SERVER_CA_CERT_PATH`,
    );
  return unreachable(`what listens at ${address} does not answer as a Temporal server; see TEMPORAL_ADDRESS`);
}

/** Whether anything listens at an address; where not, waiting for gRPC to connect is in vain, but for a proxy of its own. */
export async function isListening(address: string): Promise<boolean> {
  return (await tcpTrouble(portOf(address))) === undefined;
}

/** The error of a command, told by its cause where the namespace is not there. */
export function namespaceTrouble(namespace: string, error: unknown): unknown {
  const names = [error, (error as Error | undefined)?.cause].map((one) => (one as Error | undefined)?.name);
  const isMissing = hasCode(error, 'notFound') && /^(?:5 NOT_FOUND: )?Namespace /.test((error as Error).message);
  if (!isMissing && !names.includes('NamespaceNotFoundError')) return error;
  return new CommandError(EXIT.usage, namespaceMissing(namespace));
}

interface Port {
  readonly host: string;
  readonly port: number;
}

function portOf(address: string): Port {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? [];
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}

function tcpTrouble(place: Port): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const socket = connectTcp({ ...place, timeout: LOOK_MS });
    const end = (trouble?: Error) => {
      socket.destroy();
      resolve(trouble);
    };
    socket.once('connect', () => end());
    socket.once('timeout', () => end(new Error('it does not answer')));
    socket.once('error', end);
  });
}

/** Why TLS with these settings does not come about; undefined where it does. */
function tlsTrouble(
  place: Port,
  tls: TemporalPlace['connection']['tls'],
): Promise<{ readonly said: string; readonly isPlain: boolean } | undefined> {
  const settings = typeof tls === 'object' && tls ? tls : undefined;
  return new Promise((resolve) => {
    const socket = connectTls({
      ...place,
      timeout: LOOK_MS,
      ALPNProtocols: ['h2'],
      servername: settings?.serverNameOverride ?? (/^[\d.:]+$/.test(place.host) ? '' : place.host),
      // Without settings of TLS the question is only whether it is spoken.
      rejectUnauthorized: Boolean(tls),
      ...(settings?.serverRootCACertificate && { ca: Buffer.from(settings.serverRootCACertificate) }),
    });
    const end = (trouble?: { said: string; isPlain: boolean }) => {
      socket.destroy();
      resolve(trouble);
    };
    socket.once('secureConnect', () => end());
    socket.once('timeout', () => end({ said: 'no answer to its greeting', isPlain: true }));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const isPlain = /wrong version number|packet length|ECONNRESET|disconnected before/i.test(
        `${error.code} ${error.message}`,
      );
      end({ said: error.message.split('\n')[0]!.slice(0, 200), isPlain });
    });
  });
}

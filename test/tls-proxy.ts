import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, constants, createSecureServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** Files of an authority of a test's own, and what it signed. */
export interface Certificates {
  readonly authority: string;
  readonly server: { readonly cert: string; readonly key: string };
  readonly client: { readonly cert: string; readonly key: string };
}

/** Makes an authority, a certificate for a server at 127.0.0.1, and one for a client. */
export function makeCertificates(folder: string): Certificates {
  mkdirSync(folder, { recursive: true });
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...curve, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=authority', '-days', '2');
  const sign = (name: string) => {
    openssl('req', ...curve, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    writeFileSync(join(folder, 'names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:temporal.test\n');
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names', '-days', '2'];
    openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...by);
    return { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  };
  return { authority: join(folder, 'ca.pem'), server: sign('server'), client: sign('client') };
}

/** gRPC over TLS before a plain server, which lets in who has a certificate, or the key. */
export interface TlsProxy {
  readonly address: string;
  close(): void;
}

/**
 * Starts it on loopback.
 *
 * @param guard `certificate`: a client has to have one; otherwise the API key that it has to send
 */
export async function startTlsProxy(
  target: string,
  { authority, server: own }: Certificates,
  guard: 'certificate' | { readonly apiKey: string },
): Promise<TlsProxy> {
  const upstream = connect(`http://${target}`);
  upstream.on('error', () => undefined);
  const server = createSecureServer({
    cert: readFileSync(own.cert),
    key: readFileSync(own.key),
    ca: readFileSync(authority),
    requestCert: guard === 'certificate',
    rejectUnauthorized: guard === 'certificate',
  });
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  server.on('sessionError', () => undefined);
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    if (guard !== 'certificate' && headers.authorization !== `Bearer ${guard.apiKey}`) return refuse(stream);
    const onward = upstream.request({ ...headers, ':scheme': 'http', ':authority': target });
    stream.pipe(onward).pipe(stream, { end: false });
    stream.once('close', () => onward.close(constants.NGHTTP2_CANCEL));
    onward.on('error', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    let trailers: object = {};
    onward.once('trailers', (received) => (trailers = plain(received)));
    stream.once('wantTrailers', () => stream.sendTrailers(trailers as Record<string, string>));
    onward.once('response', (received, flags) => {
      const isOver = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      stream.respond(plain(received), { waitForTrailers: !isOver, endStream: isOver });
    });
    onward.once('end', () => stream.end());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      for (const session of sessions) session.destroy();
      upstream.destroy();
      server.close();
    },
  };
}

/** Headers without the symbols that Node adds. */
const plain = (headers: object): Record<string, string> => Object.fromEntries(Object.entries(headers));

function refuse(stream: ServerHttp2Stream): void {
  const headers = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '16' };
  stream.respond({ ...headers, 'grpc-message': 'Request unauthorized.' }, { endStream: true });
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporalPlace } from '../../activities/io/temporal/connect.ts';
import { readEnvironment } from '../../configs/env.ts';

const PROFILES = `
[profile.default]
address = "own.example:7233"
namespace = "own"
[profile.cloud]
address = "cloud.example:7233"
namespace = "letters.a1b2c"
api_key = "key-of-the-profile"
[profile.cloud.grpc_meta]
team = "letters"
`;

describe('where Temporal is', () => {
  let home: string;
  let profiles: string;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'longwriter-place-'));
    profiles = join(home, 'temporal.toml');
    await writeFile(profiles, PROFILES);
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  const place = (env: Record<string, string>) => temporalPlace(readEnvironment({ LONGWRITER_HOME: home, ...env }));

  it('is the embedded server where nothing names another', async () => {
    expect(await place({})).toEqual({
      address: '127.0.0.1:7233',
      namespace: 'default',
      connection: { address: '127.0.0.1:7233' },
    });
    await writeFile(join(home, 'lock.json'), '{"temporalAddress":"127.0.0.1:7243","uiUrl":"http://127.0.0.1:8243"}');
    expect((await place({})).address).toBe('127.0.0.1:7243');
    expect(readEnvironment({ LONGWRITER_HOME: home }).uiUrl).toBe('http://127.0.0.1:8243');
    await rm(join(home, 'lock.json'));
  });

  it('is what a profile says, and a variable before it', async () => {
    expect((await place({ TEMPORAL_CONFIG_FILE: profiles })).address).toBe('own.example:7233');
    const cloud = { TEMPORAL_CONFIG_FILE: profiles, TEMPORAL_PROFILE: 'cloud' };
    expect(await place({ ...cloud, TEMPORAL_NAMESPACE: 'other.a1b2c' })).toEqual({
      address: 'cloud.example:7233',
      namespace: 'other.a1b2c',
      connection: {
        address: 'cloud.example:7233',
        tls: true,
        apiKey: 'key-of-the-profile',
        metadata: { team: 'letters' },
      },
    });
    expect((await place({ ...cloud, TEMPORAL_API_KEY: 'newer' })).connection.apiKey).toBe('newer');
    expect((await place({ ...cloud, TEMPORAL_ADDRESS: 'there' })).address).toBe('there:7233');
    expect((await place({ XDG_CONFIG_HOME: home, TEMPORAL_ADDRESS: '' })).address).toBe('127.0.0.1:7233');
  });

  it('takes the API key from a mounted file', async () => {
    const file = join(home, 'key');
    await writeFile(file, 'from-a-file\n');
    const { connection } = await place({ TEMPORAL_ADDRESS: 'cloud.example:7233', TEMPORAL_API_KEY_FILE: file });
    expect(connection).toMatchObject({ apiKey: 'from-a-file', tls: true });
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['a profile that is not there', { TEMPORAL_PROFILE: 'prod' }, /Profile 'prod' not found .*TEMPORAL_\*$/],
    ['a file that is not there', { TEMPORAL_CONFIG_FILE: '/no.toml' }, /the file \/no\.toml, .*\(ENOENT\)$/],
    ['a certificate that is not there', { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/ca.pem' }, /the file \/ca\.pem/],
    ['a certificate without its key', { TEMPORAL_TLS_CLIENT_CERT_PATH: '/c.pem' }, /belong together/],
    ['a key that is not there', { TEMPORAL_API_KEY_FILE: '/no-key' }, /^TEMPORAL_API_KEY_FILE names \/no-key/],
    ['a key for nobody', { TEMPORAL_API_KEY: 'sesame' }, /an API key, but no address; set TEMPORAL_ADDRESS/],
    ['neither yes nor no', { TEMPORAL_TLS: 'maybe' }, /^TEMPORAL_TLS is "maybe"; set true or false$/],
    ['no check of hosts', { TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: 'true' }, /is not supported/],
    ['a URL', { TEMPORAL_ADDRESS: 'https://cloud.example' }, /give it as host:port/],
  ])('refuses %s in one line', async (_, env, message) => {
    const error = await place(env).then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    expect(error).toMatchObject({ name: 'ConfigError', message: expect.stringMatching(message) });
    expect(error?.message).not.toMatch(/\n|sesame/);
  });

  it('refuses a configuration file that is none, and a key in it that is unknown', async () => {
    const file = join(home, 'bad.toml');
    for (const [text, message] of [
      ['[profile.default\n', /^Temporal's settings cannot be used: Invalid TOML.*bad\.toml/],
      ['[profile.default]\nadress = "x:1"\n', /unrecognized in profile\.default: adress/],
    ] as const) {
      await writeFile(file, text);
      await expect(place({ TEMPORAL_CONFIG_FILE: file })).rejects.toThrow(message);
    }
  });
});

describe('a secret', () => {
  it('is its variable, or the file that is named for it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'longwriter-secret-'));
    const file = join(folder, 'key');
    await writeFile(file, 'in a file \n');
    const { secret } = readEnvironment({
      A: 'plain',
      B_FILE: file,
      C_FILE: join(folder, 'none'),
      D: 'first',
      D_FILE: file,
    });
    expect([secret('A'), secret('B'), secret('D'), secret('E')]).toEqual(['plain', 'in a file ', 'first', undefined]);
    expect(() => secret('C')).toThrow(/^C_FILE names .*none, which cannot be read \(ENOENT\); mount the secret there$/);
    await rm(folder, { recursive: true });
  });
});

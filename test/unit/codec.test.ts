import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { readCodecKeys } from '../../activities/io/temporal/codec-keys.ts';
import { EncryptionCodec } from '../../activities/io/temporal/codec.ts';

const key = () => randomBytes(32).toString('base64');
const codec = (keys: string) => new EncryptionCodec(readCodecKeys(keys));
const payload = () => defaultPayloadConverter.toPayload({ run: 'letters', done: 3 });
const read = ([one]: readonly Payload[]) => defaultPayloadConverter.fromPayload(one!);

describe('the codec', () => {
  it('opens what it sealed, and nobody reads it meanwhile', async () => {
    const own = codec(`one:${key()}`);
    const [sealed] = await own.encode([payload()]);
    expect(Buffer.from(sealed!.metadata!['encoding']!).toString()).toBe('binary/encrypted');
    expect(Buffer.from(sealed!.metadata!['encryption-key-id']!).toString()).toBe('one');
    expect(Buffer.from(sealed!.data!).toString('latin1')).not.toMatch(/letters|json\/plain/);
    expect(read(await own.decode([sealed!]))).toEqual({ run: 'letters', done: 3 });
    const [again] = await own.encode([payload()]);
    expect(Buffer.from(again!.data!).equals(Buffer.from(sealed!.data!))).toBe(false);
  });

  it('reads what an older key sealed, and seals with the first one', async () => {
    const [old, young] = [`2025:${key()}`, `2026:${key()}`];
    const sealed = await codec(old).encode([payload()]);
    const rotated = codec(`${young},${old}`);
    expect(read(await rotated.decode(sealed))).toEqual({ run: 'letters', done: 3 });
    const [fresh] = await rotated.encode([payload()]);
    expect(Buffer.from(fresh!.metadata!['encryption-key-id']!).toString()).toBe('2026');
  });

  it('leaves plain payloads as they are, so that runs from before keep going', async () => {
    expect(read(await codec(`one:${key()}`).decode([payload()]))).toEqual({ run: 'letters', done: 3 });
    expect(await codec('').encode([payload()])).toEqual([payload()]);
  });

  it('says which key is missing, and that one does not fit', async () => {
    const sealed = await codec(`one:${key()}`).encode([payload()]);
    await expect(codec('').decode(sealed)).rejects.toThrow(
      'a payload is sealed with key "one", which LONGWRITER_CODEC_KEYS lacks here; add it',
    );
    await expect(codec(`one:${key()}`).decode(sealed)).rejects.toThrow('a payload does not open with key one: it was');
    const [{ metadata, data }] = sealed as [Payload];
    const changed = [{ metadata: metadata!, data: data!.map((byte, index) => (index === 20 ? byte ^ 1 : byte)) }];
    await expect(codec(`one:${key()}`).decode(changed)).rejects.toThrow('does not open with key');
    await expect(codec(`one:${key()}`).decode([{ metadata: metadata!, data: new Uint8Array(3) }])).rejects.toThrow(
      'does not open with key',
    );
  });

  it.each([
    ['no id', key()],
    ['a short key', 'one:c2hvcnQ='],
    ['a second one that is none', `one:${key()},two`],
    ['two of an id', `one:${key()},one:${key()}`],
  ])('refuses %s without telling the key', (_, text) => {
    const secret = text.split(':')[1]?.slice(0, 8) ?? text.slice(0, 8);
    expect(() => readCodecKeys(text)).toThrow(/^LONGWRITER_CODEC_KEYS: /);
    expect(() => readCodecKeys(text)).not.toThrow(secret);
  });
});

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { type DataConverter, type Payload, type PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { Environment } from '../../../configs/env.ts';
import { ConfigError } from '../../../domain/config-error.ts';
import { CODEC_KEYS, readCodecKeys, type CodecKeys } from './codec-keys.ts';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

/** Metadata as Temporal's own samples of encryption spell it. */
const ENCODING = 'encoding';
const ENCRYPTED = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';

/** Bytes of AES-GCM's nonce, and of its tag at the end. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals payloads with AES-256-GCM under the first key and opens them under any; without keys it seals nothing, and says of what
 * is sealed which key is missing. Layout: nonce, ciphertext, tag.
 */
export class EncryptionCodec implements PayloadCodec {
  readonly #keys: CodecKeys;

  constructor(keys: CodecKeys) {
    this.#keys = keys;
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    const [first] = this.#keys;
    return first === undefined ? payloads : payloads.map((payload) => seal(payload, ...first));
  }

  /** Fails with ConfigError where a key is not known or does not fit. */
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => this.#open(payload));
  }

  #open(payload: Payload): Payload {
    if (text(payload, ENCODING) !== ENCRYPTED) return payload;
    const id = text(payload, KEY_ID) ?? '';
    const key = this.#keys.get(id);
    if (!key)
      throw new ConfigError(
        `a payload is sealed with key ${JSON.stringify(id)}, which ${CODEC_KEYS} lacks here; add it`,
      );
    const data = payload.data ?? new Uint8Array();
    const tagAt = data.length - TAG_BYTES;
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, data.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAuthTag(data.subarray(tagAt));
      return PayloadMessage.decode(
        Buffer.concat([decipher.update(data.subarray(NONCE_BYTES, tagAt)), decipher.final()]),
      );
    } catch {
      throw new ConfigError(`a payload does not open with key ${id}: it was changed, or ${CODEC_KEYS} has another key`);
    }
  }
}

function seal(payload: Payload, id: string, key: Buffer): Payload {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const plain = PayloadMessage.encode(payload).finish();
  return {
    metadata: { [ENCODING]: Buffer.from(ENCRYPTED), [KEY_ID]: Buffer.from(id) },
    data: Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]),
  };
}

function text({ metadata }: Payload, key: string): string | undefined {
  const value = metadata?.[key];
  return value && Buffer.from(value).toString();
}

/** Messages and stacks of failures become payloads, so that they are sealed, too; bundled with the workflows. */
const SEALED_FAILURES = fileURLToPath(new URL('../../../workflows/sealed-failures.cjs', import.meta.url));

/** How what goes to Temporal is written and read: sealed where LONGWRITER_CODEC_KEYS is set. Fails with ConfigError. */
export function dataConverter(environment: Environment): DataConverter {
  const keys = readCodecKeys(environment.secret(CODEC_KEYS));
  return {
    payloadCodecs: [new EncryptionCodec(keys)],
    ...(keys.size > 0 && { failureConverterPath: SEALED_FAILURES }),
  };
}

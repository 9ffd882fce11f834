import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprint, fingerprint8, sha256Hex } from '../../../domain/fingerprint.ts';

/** The same value with the keys of its objects in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]) => [key, reversed(inner)] as const)
      .toReversed(),
  );
}

describe('fingerprint', () => {
  it('is the SHA-256 of the canonical JSON', () => {
    const canonical = '{"a":[1,"é",null],"b":{"c":true}}';
    expect(fingerprint({ b: { c: true }, a: [1, 'é', null] })).toBe(
      createHash('sha256').update(canonical).digest('hex'),
    );
    expect(fingerprint({})).toBe('44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
  });

  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(fingerprint(reversed(value))).toBe(fingerprint(value));
      }),
    );
  });

  it('depends on the order of a list, on types, and on every character', () => {
    const values = [['a', 'b'], ['b', 'a'], '1', 1, null, 'null', { a: 1 }, { a: '1' }, 'é', 'e\u0301', ''];
    expect(new Set(values.map((value) => fingerprint(value))).size).toBe(values.length);
  });

  it('takes an absent field for one that is undefined', () => {
    expect(fingerprint({ a: 1, b: undefined })).toBe(fingerprint({ a: 1 }));
  });

  it('refuses what is no JSON value', () => {
    expect(() => fingerprint(undefined)).toThrow('JSON value');
    expect(() => fingerprint({ a: Number.NaN })).toThrow();
  });

  it('is shortened to its first eight characters for folder names', () => {
    expect(fingerprint8({})).toBe('44136fa3');
  });
});

describe('sha256Hex', () => {
  it('has the value of the standard', () => {
    expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});

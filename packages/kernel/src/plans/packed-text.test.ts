import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { packText, unpackText } from './packed-text.ts';

const BYTES_MAX = 1_000_000;

test('every text comes back as it was, short ones without a frame around them', () => {
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 600 }), fc.string({ maxLength: 600 }));
  fc.assert(
    fc.property(text, (value) => {
      // What is stored is JSON, which holds no half of a pair.
      const whole = value.toWellFormed();
      assert.equal(unpackText(packText(whole), BYTES_MAX), whole);
    }),
  );
  assert.equal(Buffer.from(packText('{"a":1}')).toString(), '{"a":1}');
  assert.ok(packText('a'.repeat(10_000)).length < 100);
});

test('short texts that were packed by an older server are read as well', () => {
  assert.equal(unpackText(zstdCompressSync('{"a":1}'), BYTES_MAX), '{"a":1}');
  assert.equal(unpackText(zstdCompressSync(''), BYTES_MAX), '');
});

test('damaged bytes are no text, and nothing unpacks to more than may be', () => {
  const packed = packText('b'.repeat(1000));

  assert.throws(() => unpackText(packed.subarray(0, 10), BYTES_MAX));
  assert.throws(() => unpackText(Buffer.of(0xff, 0xfe, 0xfd), BYTES_MAX));
  assert.throws(() => unpackText(packed, 999));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAppError } from '@pilothouse/contract';
import fc from 'fast-check';
import { collectAll } from './collect-all.ts';
import { readLines } from './read-lines.ts';

async function* pieces(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const to = Math.min(cut, bytes.length);
    yield bytes.subarray(from, to);
    from = to;
  }
  yield bytes.subarray(from);
}

test('gives the same lines whichever pieces the bytes come in', async () => {
  const line = fc.string({ unit: fc.constantFrom('a', '界', ' ', ':', '😀') });
  const end = fc.constantFrom('\n', '\r\n', '\r');

  await fc.assert(
    fc.asyncProperty(fc.array(line), end, fc.array(fc.nat(80)), async (lines, ending, cuts) => {
      const bytes = new TextEncoder().encode(lines.map((text) => text + ending).join(''));

      const read = await collectAll(readLines(pieces(bytes, cuts)));

      assert.deepEqual(read, lines);
    }),
  );
});

test('gives a last line that has no end', async () => {
  const read = await collectAll(readLines(pieces(Buffer.from('one\ntwo'), [])));

  assert.deepEqual(read, ['one', 'two']);
});

test('refuses a line longer than the limit before its end has come', async () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield Buffer.alloc(1000, 'x');
  }

  await assert.rejects(
    collectAll(readLines(endless(), 5000)),
    (error) => isAppError(error) && error.code === 'CLIENT_LINE_TOO_LONG',
  );
});

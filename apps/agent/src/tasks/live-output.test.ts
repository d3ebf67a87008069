import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveOutput } from './live-output.ts';

const add = (live: LiveOutput, text: string, stream: 'stdout' | 'stderr' = 'stdout') =>
  live.add(stream, Buffer.from(text));

test('joins pieces of one stream, keeps the order of both, and names the bytes before', () => {
  const live = new LiveOutput(100);
  add(live, 'a');
  add(live, 'b');
  add(live, 'c', 'stderr');
  assert.deepEqual(live.take(), {
    offsetBytes: 0,
    chunks: [
      { stream: 'stdout', text: 'ab' },
      { stream: 'stderr', text: 'c' },
    ],
  });
  add(live, 'd');
  assert.equal(live.take()?.offsetBytes, 3);
  assert.equal(live.take(), null);
});

test('without credit it drops and counts, and goes on when there is some again', () => {
  const live = new LiveOutput(2);
  add(live, 'abc');
  assert.equal(live.take(), null);
  live.grant(10);
  add(live, 'def');
  assert.deepEqual(live.take(), { offsetBytes: 3, chunks: [{ stream: 'stdout', text: 'def' }] });
});

test('a letter of several bytes that arrives in two pieces is one letter', () => {
  const live = new LiveOutput(100);
  const bytes = Buffer.from('你');
  live.add('stdout', bytes.subarray(0, 2));
  live.add('stdout', bytes.subarray(2));

  assert.equal(
    live
      .take()
      ?.chunks.map(({ text }) => text)
      .join(''),
    '你',
  );
});

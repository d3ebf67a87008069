import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Turns } from './turns.ts';

/** Each piece of work takes so long. */
const WORK_MS = 4;

function openTurns() {
  let now = 0;
  const done: number[] = [];
  const turns = new Turns({ monotonic: () => now });
  const say = (word: number, sizeBytes = 0): void =>
    turns.take(sizeBytes, () => {
      now += WORK_MS;
      done.push(word);
    });
  return { turns, done, say };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

test('what comes while there is time is handled at once', () => {
  const { done, say } = openTurns();

  say(0);
  say(1);

  assert.deepEqual(done, [0, 1]);
});

test('a burst is handled in slices with a turn of the loop between them, in the order in which it came', async () => {
  const { done, say } = openTurns();
  for (const word of upTo(8)) say(word);
  assert.deepEqual(done, upTo(3), 'three of them are a slice');

  await nextTurn();
  say(8);
  assert.deepEqual(done, upTo(6), 'what comes now waits behind what came before');

  await nextTurn();
  assert.deepEqual(done, upTo(9));
  say(9);
  assert.equal(done.length, 9, 'this turn has had its slice');
  await nextTurn();
  say(10);
  assert.deepEqual(done, upTo(11));
});

test('more than may wait is handled at once, the oldest first', () => {
  const { done, say } = openTurns();
  for (const word of upTo(3)) say(word);

  for (const word of [3, 4, 5]) say(word, 20 * 1024 * 1024);

  assert.deepEqual(done, upTo(5), 'the last one waits');
});

test('the end handles all that waits', () => {
  const { turns, done, say } = openTurns();
  for (const word of upTo(9)) say(word);

  turns.finish();

  assert.deepEqual(done, upTo(9));
});

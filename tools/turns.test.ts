import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeTurns } from './turns.ts';

test('the first is heard at once, the others in their order when those before them have ended', () => {
  const said: string[] = [];
  const next = takeTurns((piece) => said.push(piece));
  const [first, second, third] = [next(), next(), next()];

  third.write('c');
  third.end();
  second.write('b');
  first.write('a');
  assert.deepEqual(said, ['a']);
  first.end();
  assert.deepEqual(said, ['a', 'b']);
  second.write('b2');
  second.end();

  assert.deepEqual(said, ['a', 'b', 'b2', 'c']);
});

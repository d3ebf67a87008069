import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneATurn } from './one-a-turn.ts';

test('those who come at once go on in their order, with a turn of the event loop between two of them', async () => {
  const mine = oneATurn();
  const seen: string[] = [];
  const watch = (): void => {
    seen.push('|');
    if (seen.length < 20) setImmediate(watch);
  };
  setImmediate(watch);

  await Promise.all(['a', 'b', 'c'].map((name) => mine().then(() => seen.push(name))));

  assert.match(seen.join(''), /a\|+b\|+c/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '@pilothouse/contract';
import { storeErrors } from './store-errors.ts';

const placeholders = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();

test('every refusal names the same things in both languages', () => {
  for (const { title, hint } of Object.values(storeErrors)) {
    for (const { en, zh } of [title, hint] satisfies Message[])
      assert.deepEqual(placeholders(zh), placeholders(en));
  }
});

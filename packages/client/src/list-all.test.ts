import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectAll } from './collect-all.ts';
import { listAll } from './list-all.ts';

/** Rows 0… in pages; the cursor is the first row of the next one. */
const pagesOf = (rowsCount: number, size: number) => async (cursor: string | undefined) => {
  const from = Number(cursor ?? 0);
  const to = Math.min(from + size, rowsCount);
  return {
    items: Array.from({ length: to - from }, (_, i) => from + i),
    nextCursor: to < rowsCount ? String(to) : null,
  };
};

test('as many pages as a million rows take are all read', async () => {
  const rows = await collectAll(listAll(pagesOf(2000, 1)));

  assert.equal(rows.length, 2000);
});

test('what was asked for is all that is given', async () => {
  assert.deepEqual(await collectAll(listAll(pagesOf(10, 4), 5)), [0, 1, 2, 3, 4]);
});

test('a listing that never ends is refused rather than cut off in silence', async () => {
  const endless = listAll(async () => ({ items: [1], nextCursor: 'again' }));

  await assert.rejects(collectAll(endless), { code: 'CLIENT_LIST_ENDLESS' });
});

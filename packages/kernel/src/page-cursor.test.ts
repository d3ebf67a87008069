import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAppError } from '@pilothouse/contract';
import fc from 'fast-check';
import { cutPage, heldCount, heldText, pageCursor, readCursor } from './page-cursor.ts';

test('pages that follow their cursors hold every row once, in order', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat()), fc.integer({ min: 1, max: 5 }), (rows, limit) => {
      const read: number[] = [];
      let cursor: string | null | undefined;
      while (cursor !== null) {
        const last: number | null = readCursor(cursor, heldCount);
        const page = cutPage(rows.slice(last === null ? 0 : rows.indexOf(last) + 1), limit, String);
        assert.ok(page.items.length <= limit);
        read.push(...page.items);
        cursor = page.nextCursor;
      }

      assert.deepEqual(read, rows);
    }),
  );
});

test('a cursor gives back the text it holds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (held) => {
      assert.equal(readCursor(pageCursor(held), heldText), held.toWellFormed());
    }),
  );
});

test('what is not a cursor of the list is refused', () => {
  const refused = (error: unknown): boolean => isAppError(error) && error.code === 'INVALID_REQUEST';

  for (const cursor of ['', '%', pageCursor('-1'), pageCursor('1e3'), pageCursor('h_1')])
    assert.throws(() => readCursor(cursor, heldCount), refused);
  assert.throws(() => readCursor('', heldText), refused);
});

import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { AppError } from '@pilothouse/contract';
import fc from 'fast-check';
import { readUndoLog } from './undo-log.ts';
import { openUndoRecords, UNDO_LIMITS, type UndoLimits } from './undo-records.ts';

const NOW = Date.parse('2026-03-01T00:00:00.000Z');
const planOf = (n: number): string => n.toString(16).padStart(64, '0');
let directory = '';
let open = new Set<string>();

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'undo-'));
  open = new Set();
});
afterEach(() => rmSync(directory, { recursive: true }));

const records = (limits: Partial<UndoLimits> = {}) =>
  openUndoRecords({
    directory,
    now: () => NOW,
    isOpen: (plan) => open.has(plan),
    limits: { ...UNDO_LIMITS, ...limits },
  });
const logOf = (n: number): string => join(directory, `${planOf(n)}.undo`);
const begin = (store: ReturnType<typeof records>, n: number, planExpiresAt = '2026-02-01T00:00:00.000Z') =>
  store.begin({ planDigest: planOf(n), stepIndex: 0, attempt: 1, planExpiresAt });
const record = (store: ReturnType<typeof records>, n: number, text = 'before') =>
  store.record({
    planDigest: planOf(n),
    stepIndex: 0,
    attempt: 1,
    actionIndex: 0,
    action: 'files.write',
    record: { text },
  });
const code = (expected: string) => (error: AppError) => error.code === expected;

test('what was recorded is there for another process, and what was restored is not restored again', () => {
  const store = records();
  begin(store, 1);
  record(store, 1, 'first');
  record(store, 1, 'second');
  store.restored(planOf(1), 2);

  const book = records().of(planOf(1));

  assert.deepEqual(
    book?.records.map(({ record: { text }, isRestored }) => [text, isRestored]),
    [
      ['first', false],
      ['second', true],
    ],
  );
  assert.ok(book.isSound);
});

test('nothing kept, nothing recorded and damaged are three things', () => {
  const store = records();
  begin(store, 1);
  begin(store, 2);
  record(store, 2);
  record(store, 2);
  const bytes = readFileSync(logOf(2));
  bytes.write('X', bytes.indexOf('"text"'));
  writeFileSync(logOf(2), bytes);

  assert.equal(store.of(planOf(9)), null);
  assert.deepEqual(store.of(planOf(1))?.records, []);
  assert.ok(store.of(planOf(1))?.isSound);
  assert.equal(store.of(planOf(2))?.isSound, false);
  assert.throws(() => record(store, 2), code('UNDO_RECORD_MISSING'));
  assert.throws(
    () =>
      store.begin({
        planDigest: planOf(2),
        stepIndex: 0,
        attempt: 2,
        planExpiresAt: '2026-02-01T00:00:00.000Z',
      }),
    code('UNDO_RECORD_MISSING'),
  );
});

test('torn at any byte, whole records stay, none is invented, and recording goes on', () => {
  const store = records();
  begin(store, 1);
  for (const text of ['a', 'b', 'c']) record(store, 1, text);
  store.restored(planOf(1), 3);
  const whole = readFileSync(logOf(1));
  const linesBefore = (length: number): number => whole.subarray(0, length).toString().split('\n').length - 1;

  fc.assert(
    fc.property(fc.integer({ min: 0, max: whole.length }), (cut) => {
      writeFileSync(logOf(1), whole.subarray(0, cut));

      const book = readUndoLog(readFileSync(logOf(1)));

      assert.ok(book.isSound);
      assert.equal(book.records.length, Math.max(0, Math.min(3, linesBefore(cut) - 1)));
      const again = records();
      begin(again, 1);
      record(again, 1, 'next');
      const after = records().of(planOf(1));
      assert.ok(after?.isSound);
      assert.equal(after.records.length, book.records.length + 1);
      assert.equal(after.records.at(-1)?.record['text'], 'next');
    }),
    { numRuns: 60 },
  );
});

test('old logs of plans that are over go first; those of active plans never, rather is a change refused', () => {
  const limits = { bytesMax: 7200 };
  const store = records(limits);
  const big = 'x'.repeat(1000);
  begin(store, 1);
  record(store, 1, big);
  begin(store, 2, '2026-04-01T00:00:00.000Z');
  record(store, 2, big);
  begin(store, 3);
  record(store, 3, big);
  open.add(planOf(3));
  for (const n of [1, 2, 3]) utimesSync(logOf(n), (NOW - 10_000) / 1000 + n, (NOW - 10_000) / 1000 + n);

  begin(store, 4);
  record(store, 4, big);
  record(store, 4, big);
  record(store, 4, big);

  assert.equal(store.of(planOf(1)), null);
  assert.equal(store.of(planOf(2))?.records.length, 1, 'not expired');
  assert.equal(store.of(planOf(3))?.records.length, 1, 'a task of it is open');
  assert.throws(() => record(store, 4, big), code('UNDO_STORE_FULL'));
});

test('a log is dropped by age, and a record has a limit', () => {
  const store = records({ recordBytesMax: 2000 });
  begin(store, 1);
  const long = (NOW - 91 * 86_400_000) / 1000;
  utimesSync(logOf(1), long, long);

  begin(store, 2);

  assert.equal(store.of(planOf(1)), null);
  assert.throws(() => record(store, 2, 'x'.repeat(3000)), code('UNDO_RECORD_TOO_LARGE'));
  assert.deepEqual(store.usage().plans, 1);
});

test('a foreign file in the directory is left alone', () => {
  const store = records();
  writeFileSync(join(directory, 'README'), 'hands off');
  begin(store, 1);
  appendFileSync(logOf(1), 'torn');

  assert.equal(store.usage().plans, 1);
  assert.deepEqual(store.of(planOf(1))?.records, []);
});

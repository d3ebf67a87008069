import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { HOUR_MS } from '@pilothouse/base';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import { openKeyFiles } from '../enrolment/index.ts';
import { createTicketKeys } from './ticket-keys.ts';

async function open(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'pilothouse-tickets-'));
  t.after(() => rm(directory, { recursive: true }));
  const files = await openKeyFiles(directory);
  const clock = fakeClock();
  return { files, clock, keys: createTicketKeys(files, clock, HOUR_MS) };
}

test('a key lives an hour', async (t) => {
  const { keys, clock } = await open(t);
  const first = await keys.current();

  clock.advance(HOUR_MS - 1);
  const before = await keys.current();
  clock.advance(1);
  const after = await keys.current();

  assert.ok(before.equals(first));
  assert.ok(!after.equals(first));
});

test('a server that starts goes on under the key that agents hold tickets of, and changes it when its hour is over', async (t) => {
  const { keys, clock } = await open(t);
  const first = await keys.current();
  // It would have been changed within the next minutes.
  clock.advance(HOUR_MS + 1);

  const atStart = await keys.atStart();
  const next = await keys.current();

  assert.ok(atStart.equals(first));
  assert.ok(!next.equals(first));
});

test("a key of yesterday, or a damaged file, is nobody's", async (t) => {
  const { keys, clock, files } = await open(t);
  const first = await keys.current();
  clock.advance(2 * HOUR_MS);
  const second = await keys.atStart();
  await files.write('session-tickets.json', '{"createdAt": 1');
  const third = await keys.atStart();

  assert.ok(!second.equals(first) && !third.equals(second));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, defineRoute } from '@pilothouse/contract';
import { z } from 'zod';
import { asAda, base, countingEcho, good, openTestHttp, signedIn } from './open-test-http.ts';
import { endpoint } from './service.ts';

test('a write repeated under its key happens once and is answered alike, also when both come at once', async (t) => {
  const { http, close } = await openTestHttp([countingEcho()]);
  t.after(close);
  const send = (key: string, as = 'ada') =>
    http.inject({
      method: 'POST',
      url: '/api/v1/things/ab',
      headers: { authorization: `Bearer ${as}`, 'idempotency-key': key },
      payload: good,
    });

  const [first, twin] = await Promise.all([send('k1'), send('k1')]);
  const later = await send('k1');
  const another = await send('k2');
  const somebodyElse = await send('k1', 'bob');

  assert.equal(first.json().calls, 1);
  assert.equal(twin.body, first.body);
  assert.equal(later.body, first.body);
  assert.equal(another.json().calls, 2);
  assert.equal(somebodyElse.json().calls, 3);
});

test('a key used for another request is refused, a refusal is not kept, a day later the key is free', async (t) => {
  let isBroken = true;
  const route = defineRoute({
    ...base,
    id: 'things.put',
    method: 'PUT',
    path: '/put',
    access: signedIn,
    body: z.object({ n: z.number() }),
    response: z.object({ n: z.number() }),
  });
  const put = endpoint(route, async ({ body }) => {
    if (isBroken) throw new AppError('NOT_READY', { reason: 'test' });
    return { n: body.n };
  });
  const { http, clock, close } = await openTestHttp([put]);
  t.after(close);
  const send = (n: number) =>
    http.inject({
      method: 'PUT',
      url: '/put',
      headers: { ...asAda, 'idempotency-key': 'k' },
      payload: { n },
    });

  const refused = await send(1);
  isBroken = false;
  const fine = await send(1);
  const mismatch = await send(2);
  clock.advance(25 * 3_600_000);
  const nextDay = await send(2);

  assert.equal(refused.statusCode, 503);
  assert.deepEqual(fine.json(), { n: 1 });
  assert.equal(mismatch.json().code, 'IDEMPOTENCY_MISMATCH');
  assert.deepEqual(nextDay.json(), { n: 2 });
});

test('a request whose store went away may have been taken in: its repeat is not carried out again', async (t) => {
  let calls = 0;
  const route = defineRoute({
    ...base,
    id: 'things.away',
    method: 'PUT',
    path: '/away',
    access: signedIn,
    body: z.object({ n: z.number() }),
    response: z.object({ n: z.number() }),
    errors: ['STORE_AWAY'],
  });
  const put = endpoint(route, async () => {
    calls += 1;
    throw new AppError('STORE_AWAY', { place: 'test' });
  });
  const { http, close } = await openTestHttp([put]);
  t.after(close);
  const headers = { ...asAda, 'idempotency-key': 'k' };
  const send = () => http.inject({ method: 'PUT', url: '/away', headers, payload: { n: 1 } });

  await send();

  assert.equal((await send()).json().code, 'IDEMPOTENCY_OUTCOME_UNKNOWN');
  assert.equal(calls, 1);
});

test('a request that was cut off by the end of the process leaves its outcome unknown, and says so', async (t) => {
  const { http, store, close } = await openTestHttp([countingEcho()]);
  t.after(close);
  const send = () =>
    http.inject({
      method: 'POST',
      url: '/api/v1/things/ab',
      headers: { ...asAda, 'idempotency-key': 'k' },
      payload: good,
    });
  await send();
  // As the row stands when the process ends between the handler and its answer.
  await store.transaction(async (transaction) => {
    const db = transaction.as<{ http_idempotency: { status: number | null; sealed_body: string | null } }>();
    await db.updateTable('http_idempotency').set({ status: null, sealed_body: null }).execute();
  });

  assert.equal((await send()).json().code, 'IDEMPOTENCY_OUTCOME_UNKNOWN');
});

test('answers kept for repeats cannot be read from the database', async (t) => {
  const { http, store, close } = await openTestHttp([countingEcho()]);
  t.after(close);
  const headers = { ...asAda, 'idempotency-key': 'k' };
  await http.inject({ method: 'POST', url: '/api/v1/things/ab', headers, payload: good });

  const rows = await store
    .as<{ http_idempotency: Record<string, unknown> }>()
    .selectFrom('http_idempotency')
    .selectAll()
    .execute();

  const text = rows.map((row) => Buffer.from(String(row['sealed_body']), 'base64').toString('latin1')).join();
  assert.equal(rows.length, 1);
  assert.ok(!text.includes('calls') && !text.includes('"ab"'), text);
});

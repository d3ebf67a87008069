/** Against a real HTTP server on the loopback. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { backoffMs } from '@pilothouse/base';
import { AppError, ChannelSettings, notificationsRoutes } from '@pilothouse/contract';
import { call, deliveries, openTestNotifications, putChannel, tell } from './open-test-notifications.ts';
import { ATTEMPTS_MAX } from './postman.ts';
import { signatureHeader } from './sign-body.ts';

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Answers as it is told, one status after another; the last one from then on. */
async function openReceiver(t: TestContext, statuses: readonly number[] = [200]) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      response.statusCode = statuses[Math.min(received.length, statuses.length - 1)] ?? 200;
      if (response.statusCode === 302) response.setHeader('location', 'http://127.0.0.1:1/');
      received.push({ headers: request.headers, body });
      response.end('no thanks\nsecond line');
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  // A server that listens on a port has an address of this kind.
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=hidden` };
}

test('a webhook gets the message with a signature that its secret verifies', async (t) => {
  const receiver = await openReceiver(t);
  const it = await openTestNotifications(t);
  const secret = 'a secret of the on-call channel';
  const made = await putChannel(it.room, { kind: 'webhook', url: receiver.url, secret });

  await tell(it);
  await it.room.idle();

  const [received] = receiver.received;
  assert.ok(received !== undefined);
  const [, seconds, digest] =
    /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(received.headers['pilothouse-signature'])) ?? [];
  assert.equal(digest, createHmac('sha256', secret).update(`${seconds}.${received.body}`).digest('hex'));
  assert.equal(
    signatureHeader(secret, Number(seconds), received.body),
    received.headers['pilothouse-signature'],
  );
  assert.deepEqual(JSON.parse(received.body), {
    id: received.headers['pilothouse-delivery'],
    channel: 'on-call',
    subject: 'rollout r_1 halted',
    text: 'two hosts failed',
    data: { rolloutId: 'r_1' },
    at: '2026-01-01T00:00:00.000Z',
  });
  assert.deepEqual(
    (await deliveries(it.room)).map(({ state }) => state),
    ['delivered'],
  );
  assert.equal(made.address, new URL(receiver.url).origin);
});

test('neither a secret nor what a URL hides is read back, audited or stored in the clear; a change keeps it', async (t) => {
  const receiver = await openReceiver(t);
  const it = await openTestNotifications(t);
  const secret = 'a secret of the on-call channel';
  const first = await putChannel(it.room, { kind: 'webhook', url: receiver.url, secret });
  await assert.rejects(putChannel(it.room, { kind: 'webhook', url: receiver.url }), {
    code: 'CHANNEL_EXISTS',
  });
  const second = await putChannel(
    it.room,
    { kind: 'webhook', url: receiver.url, timeoutMs: 2000 },
    first.etag,
  );
  const rows = await it.context.store
    .as<{ notifications_channel: { body: string; sealed: string } }>()
    .selectFrom('notifications_channel')
    .selectAll()
    .execute();

  const shown = JSON.stringify([
    first,
    second,
    it.audits,
    rows,
    await call(it.room, notificationsRoutes.list),
  ]);
  assert.ok(!shown.includes(secret) && !shown.includes('token=hidden'));
  assert.equal(second.hasSecret, true);
  const tried = await call(it.room, notificationsRoutes.test, { params: { name: 'on-call' } });
  assert.deepEqual({ ...tried, durationMs: 0 }, { isDelivered: true, error: null, durationMs: 0 });
  assert.match(String(receiver.received[0]?.headers['pilothouse-signature']), /^t=/);
});

test('a receiver that is down is tried again with growing pauses and gets the message once it is back', async (t) => {
  const receiver = await openReceiver(t, [503, 503, 200]);
  const it = await openTestNotifications(t);
  await putChannel(it.room, { kind: 'webhook', url: receiver.url });
  await tell(it);
  await it.room.idle();
  assert.equal((await deliveries(it.room))[0]?.error, 'answered 503 no thanks');

  for (const attempt of [1, 2]) {
    it.context.clock.advance(10_000 + backoffMs(attempt, { firstMs: 10_000, maxMs: 3_600_000 }, 0.5));
    await it.room.idle();
  }

  const ids = receiver.received.map(({ headers }) => headers['pilothouse-delivery']);
  assert.equal(new Set(ids).size, 1);
  assert.deepEqual(
    (await deliveries(it.room)).map(({ state, attempts }) => ({ state, attempts })),
    [{ state: 'delivered', attempts: 3 }],
  );
});

test('a message that never arrives is given up, is seen, and can be sent again', async (t) => {
  const receiver = await openReceiver(t, [...Array.from({ length: ATTEMPTS_MAX }, () => 302), 204]);
  const it = await openTestNotifications(t);
  await putChannel(it.room, { kind: 'webhook', url: receiver.url });
  await tell(it);
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    await it.room.idle();
    it.context.clock.advance(3_700_000);
  }
  await it.room.idle();
  for (const reconciler of it.room.reconcilers) await reconciler.run();

  const [dead] = await deliveries(it.room);
  assert.equal(dead?.state, 'dead');
  assert.equal(dead.attempts, ATTEMPTS_MAX);
  assert.deepEqual(it.findings.at(-1), [
    { key: 'on-call', evidence: { channel: 'on-call', error: 'answered 302 no thanks' } },
  ]);
  await call(it.room, notificationsRoutes.retry, { params: { id: dead.id } });
  await it.room.idle();
  assert.equal((await deliveries(it.room))[0]?.state, 'delivered');
  await assert.rejects(call(it.room, notificationsRoutes.retry, { params: { id: dead.id } }), {
    code: 'DELIVERY_NOT_DEAD',
  });
});

test('what was queued is sent by the next start, and what went into a transaction that failed never is', async (t) => {
  const receiver = await openReceiver(t);
  const it = await openTestNotifications(t);
  await putChannel(it.room, { kind: 'webhook', url: receiver.url });
  await it.room.close();
  await tell(it);
  const failed = it.context.store.transaction(async (transaction) => {
    await it.room.notifications.enqueue(transaction, {
      channel: 'on-call',
      subject: 'x',
      text: '',
      data: {},
    });
    throw new Error('rolled back');
  });
  await assert.rejects(failed, /rolled back/);
  assert.equal(receiver.received.length, 0);

  const again = await it.open();
  await again.idle();

  assert.equal(receiver.received.length, 1);
});

test('a store that takes nothing for a while makes nobody hear a message twice', {
  timeout: 20_000,
}, async (t) => {
  const receiver = await openReceiver(t);
  const it = await openTestNotifications(t);
  await putChannel(it.room, { kind: 'webhook', url: receiver.url });
  const { store } = it.context;
  const transaction = store.transaction.bind(store);
  let isFull = false;
  Object.assign(store, {
    transaction: (run: Parameters<typeof transaction>[0]) =>
      isFull ? Promise.reject(new AppError('STORE_FULL')) : transaction(run),
  });
  await tell(it);
  isFull = true;

  for (let look = 0; look < 3; look++) {
    await it.room.idle();
    it.context.clock.advance(60_000);
  }
  isFull = false;
  await it.room.idle();
  it.context.clock.advance(60_000);
  await it.room.idle();
  await tell(it);
  await it.room.idle();

  assert.deepEqual(
    (await deliveries(it.room)).map(({ state, attempts }) => ({ state, attempts })),
    [
      { state: 'delivered', attempts: 1 },
      { state: 'delivered', attempts: 1 },
    ],
  );
  assert.equal(receiver.received.length, 2);
});

test('receivers that are down, with much to be told, hold up no other one', async (t) => {
  const receiver = await openReceiver(t, [503]);
  const it = await openTestNotifications(t);
  const down = Array.from({ length: 8 }, (_, n) => `down-${n}`);
  for (const name of [...down, 'on-call']) {
    const body = { kind: 'webhook', url: `${receiver.url}&name=${name}` };
    await call(it.room, notificationsRoutes.put, { params: { name }, body });
  }
  // One transaction, so that all of it is there before any of it is sent.
  await it.context.store.transaction(async (transaction) => {
    const message = { subject: 'x', text: '', data: {} };
    for (const channel of down)
      for (let n = 0; n < 6; n++) await it.room.notifications.enqueue(transaction, { ...message, channel });
    await it.room.notifications.enqueue(transaction, { ...message, channel: 'on-call' });
  });
  await it.room.idle();

  const told = receiver.received.map(({ body }) => JSON.parse(body).channel);
  assert.equal(told.length, 49);
  assert.ok(told.indexOf('on-call') < 24, `told after ${told.indexOf('on-call')} others`);
});

test('a message for a channel that is not there, or goes, is kept as given up', async (t) => {
  const it = await openTestNotifications(t);
  await tell(it, 'nobody');
  const made = await putChannel(it.room, { kind: 'webhook', url: 'http://127.0.0.1:9/' });
  await tell(it);
  await it.room.idle();
  await call(it.room, notificationsRoutes.remove, { params: { name: 'on-call' }, ifMatch: made.etag });

  assert.deepEqual(
    (await deliveries(it.room)).map(({ state, error }) => ({ state, error })),
    [
      { state: 'dead', error: 'channel on-call was removed' },
      { state: 'dead', error: 'there is no channel nobody' },
    ],
  );
  assert.equal(it.room.notifications.hasChannel('on-call'), false);
});

test('settings say what is missing', () => {
  const parse = (settings: unknown) => ChannelSettings.safeParse(settings).success;

  assert.equal(parse({ kind: 'webhook', url: 'ftp://x/' }), false);
  assert.equal(parse({ kind: 'webhook', url: 'https://x/', secret: 'short' }), false);
  assert.equal(parse({ kind: 'email', host: 'x', from: 'a@b.example', to: [] }), false);
  assert.equal(parse({ kind: 'email', host: 'x', from: 'a@b.example', to: ['c@d.example'] }), true);
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { toTimestamp } from '@pilothouse/contract';
import { fakeClock, until } from '@pilothouse/testkit';
import type { AgentFrameOf } from '@pilothouse/wire';
import { type WebSocket, WebSocketServer } from 'ws';
import { runSession } from './open-session.ts';

const MINUTE_MS = 60_000;
const MIB = 1024 * 1024;
// The gateway of these tests reads nothing of it.
const HELLO = { kind: 'hello', protocol: 1 } as unknown as AgentFrameOf<'hello'>;

/** A session with a gateway without TLS, which says what `answer` says to the hello and then nothing more. */
async function openWith(t: TestContext, answer: (socket: WebSocket) => void) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const clock = fakeClock();
  const abort = new AbortController();
  t.after(() => {
    abort.abort();
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  let isAnswered = false;
  server.on('connection', (socket) =>
    socket.once('message', () => {
      answer(socket);
      isAnswered = true;
    }),
  );
  const { port } = server.address() as AddressInfo;
  let answers = 0;
  let hasOpened = false;
  const ended = runSession({
    url: new URL(`https://127.0.0.1:${port}`),
    trust: { authorities: null },
    // Whoever reads and writes it sees no difference.
    dialler: {
      dial: async () => connect(port, '127.0.0.1') as unknown as TLSSocket,
      forget: () => undefined,
    },
    clock,
    log: { info() {}, warn() {}, error() {} },
    signal: abort.signal,
    handler: {
      hello: () => HELLO,
      opened: () => {
        hasOpened = true;
      },
      frame(_, peer) {
        if (peer.send({ kind: 'challenge-answer', nonce: 'x'.repeat(MIB) })) answers += 1;
      },
      vitals: () => new Promise(() => {}),
      beat() {},
      closed() {},
    },
  });
  await until('the hello to be answered', 10_000, async () => isAnswered);
  return { clock, ended, answers: () => answers, hasOpened: () => hasOpened };
}

const welcome = JSON.stringify({
  kind: 'welcome',
  generation: 7,
  hostId: 'h_1',
  serverTime: toTimestamp(0),
  heartbeatIntervalMs: 1000,
  knownFacts: {},
});

test('a gateway that takes the hello and never answers is given up', { timeout: 20_000 }, async (t) => {
  const { clock, ended } = await openWith(t, () => undefined);
  clock.advance(2 * MINUTE_MS);

  assert.deepEqual(await ended, { ok: true, value: { kind: 'closed', wasWelcomed: false } });
});

test('a welcome whose heartbeats no timer can keep is none', { timeout: 20_000 }, async (t) => {
  const endless = welcome.replace('1000', String(2 ** 40));
  const { clock, ended, hasOpened } = await openWith(t, (socket) => {
    socket.send(endless);
    socket.send(JSON.stringify({ kind: 'come-back', afterMs: 5 }));
  });

  assert.deepEqual(await ended, { ok: true, value: { kind: 'come-back', afterMs: 5 } });
  assert.equal(hasOpened(), false);
  clock.advance(2 * MINUTE_MS);
});

test('so is one that lets this host renew and sends no certificate', { timeout: 20_000 }, async (t) => {
  const renewOnly = { kind: 'renew-only', generation: 7, reason: 'expired' };
  const { clock, ended, hasOpened } = await openWith(t, (socket) => socket.send(JSON.stringify(renewOnly)));
  await until('the session to be there', 10_000, async () => hasOpened());
  clock.advance(2 * MINUTE_MS);

  assert.deepEqual(await ended, { ok: true, value: { kind: 'closed', wasWelcomed: true } });
});

test('a session that was welcomed is judged by its silence alone', { timeout: 20_000 }, async (t) => {
  const { clock, ended, hasOpened } = await openWith(t, (socket) => socket.send(welcome));
  await until('the session to be there', 10_000, async () => hasOpened());
  let hasEnded = false;
  void ended.then(() => {
    hasEnded = true;
  });
  clock.advance(20_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(hasEnded, false);
  clock.advance(10_000);

  assert.deepEqual(await ended, { ok: true, value: { kind: 'closed', wasWelcomed: true } });
});

test('a server that asks without end and reads no answer is given up', { timeout: 20_000 }, async (t) => {
  const challenge = JSON.stringify({ kind: 'challenge', generation: 7, nonce: 'n' });
  const { ended, answers } = await openWith(t, (socket) => {
    socket.send(welcome);
    socket.pause();
    for (let times = 0; times < 200; times++) socket.send(challenge);
  });

  assert.deepEqual(await ended, { ok: true, value: { kind: 'closed', wasWelcomed: true } });
  assert.ok(answers() < 100, `${answers()} answers were kept for it`);
});

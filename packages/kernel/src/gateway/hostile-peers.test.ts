import assert from 'node:assert/strict';
import { connect as connectTcp, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { FRAME_BYTES_MAX, GATEWAY_PATHS } from '@pilothouse/wire';
import { openTestGateway, type TestGateway } from './test/open-test-gateway.ts';
import { connect, dial, helloOf } from './test/test-agent.ts';

const closeOf = (socket: Socket): Promise<void> => {
  socket.on('error', () => {});
  socket.resume();
  return new Promise((resolve) => socket.once('close', () => resolve()));
};
const opened = (socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> =>
  new Promise((resolve) => socket.once(event, () => resolve()));

async function silentTcp(world: TestGateway): Promise<Socket> {
  const socket = connectTcp(world.port, '127.0.0.1');
  await opened(socket, 'connect');
  return socket;
}

async function silentTls(world: TestGateway): Promise<TLSSocket> {
  const socket = connectTls({ port: world.port, host: '127.0.0.1', ca: world.ca() });
  await opened(socket, 'secureConnect');
  return socket;
}

test('fifty silent connections keep no agent out, and lose their place', async (t) => {
  // Twenty-five handshakes are done by then also on a machine that does ten other things.
  const world = await openTestGateway({ handshakeDeadlineMs: 1500, headersDeadlineMs: 1500 });
  t.after(() => world.close());
  const identity = await world.enrol();
  const silent = await Promise.all(
    Array.from({ length: 50 }, (_, n) => (n % 2 ? silentTcp(world) : silentTls(world))),
  );
  const gone = silent.map(closeOf);

  const agent = await connect(world, identity);

  assert.equal(agent.frames[0]?.kind, 'welcome');
  world.clock.advance(1500);
  await Promise.all(gone);
});

test('when connections without a handshake pile up, the oldest goes', async (t) => {
  const world = await openTestGateway({ handshakesMax: 2 });
  t.after(() => world.close());
  const first = await silentTcp(world);
  const gone = closeOf(first);
  await silentTcp(world);
  await silentTcp(world);

  await gone;
  await connect(world, await world.enrol());
});

test('a request whose headers trickle is cut at the deadline', async (t) => {
  const world = await openTestGateway({ headersDeadlineMs: 300 });
  t.after(() => world.close());
  const socket = await silentTls(world);
  let answer = '';
  socket.on('data', (chunk) => {
    answer += String(chunk);
  });

  socket.write(`POST ${GATEWAY_PATHS.enrol} HTTP/1.1\r\nHost: x\r\nX-Slow: `);
  await closeOf(socket);

  assert.match(answer, /^HTTP\/1.1 408/);
});

test('who is slow to say how it wants to enrol holds up nobody elsewhere', async (t) => {
  const world = await openTestGateway({ enrolmentsInFlightMax: 1, enrolBodiesPerPlaceMax: 1 });
  t.after(() => world.close());
  const beginToSay = async (): Promise<TLSSocket> => {
    const from = { port: world.port, host: '127.0.0.1', localAddress: '127.0.0.2' };
    const socket = connectTls({ ...from, ca: world.ca() });
    socket.on('error', () => {});
    await opened(socket, 'secureConnect');
    socket.write(`POST ${GATEWAY_PATHS.enrol} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{`);
    return socket;
  };
  const slow = [await beginToSay(), await beginToSay()];
  const answers = slow.map((socket) => new Promise((resolve) => socket.once('data', resolve)));
  // One of them is read; for the other there is no place.
  assert.match(String(await Promise.race(answers)), /^HTTP\/1.1 503/);

  const { state } = await world.enrol();

  assert.equal(state, 'active');
  for (const socket of slow) socket.destroy();
});

test('a peer that says no hello is ended at the deadline', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const agent = await dial(world, await world.enrol());

  world.clock.advance(10_000);

  assert.equal((await agent.next('come-back')).kind, 'come-back');
  await agent.closed;
});

test('a host that is slow to say hello keeps nobody out', async (t) => {
  const world = await openTestGateway({ lookupsInFlightMax: 1, lookupsWaitingMax: 0 });
  t.after(() => world.close());
  const [slow, other] = [await world.enrol(), await world.enrol()];
  const agent = await dial(world, slow);

  await connect(world, other);
  agent.send(helloOf(world));
  await agent.next('welcome');
});

test('who comes while others are looked up waits for its turn; beyond that line it is answered 503 with a time to come back', async (t) => {
  const world = await openTestGateway({ lookupsInFlightMax: 1, lookupsWaitingMax: 1 });
  t.after(() => world.close());
  const [first, second, third] = [await world.enrol(), await world.enrol(), await world.enrol()];
  const begun = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const { service } = world.enrolment;
  const identify = service.identify.bind(service);
  service.identify = async (der) => {
    begun.resolve();
    await held.promise;
    return identify(der);
  };
  const looked = dial(world, first);
  await begun.promise;
  const later = [dial(world, second), dial(world, third)];

  await assert.rejects(Promise.race(later), /HTTP 503 retry-after 5/);
  held.resolve();

  const ends = await Promise.allSettled([looked, ...later]);
  assert.equal(ends.filter(({ status }) => status === 'fulfilled').length, 2);
});

test('who is revoked between the handshake and the hello is refused', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const identity = await world.enrol();
  const agent = await dial(world, identity);

  await world.context.store.transaction((transaction) =>
    world.enrolment.service.revokeHost(transaction, identity.hostId, 'on purpose'),
  );
  agent.send(helloOf(world));

  assert.equal((await agent.next('refused')).code, 'ENROL_CERTIFICATE_REVOKED');
  await agent.closed;
  assert.equal(world.gateway.service.sessionsCount, 0);
});

test('one host cannot hold all openings', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const identity = await world.enrol();
  await Promise.all([dial(world, identity), dial(world, identity)]);

  await assert.rejects(dial(world, identity), /HTTP 503/);
});

test('a frame above the limit ends its session and no other', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const [good, bad] = [await connect(world, await world.enrol()), await connect(world, await world.enrol())];
  const ended = new Promise<number>((resolve) =>
    world.gateway.service.listen({ closed: (session) => resolve(session.generation) }),
  );

  bad.socket.send('x'.repeat(FRAME_BYTES_MAX + 1));

  assert.equal(await bad.closed, 1009);
  assert.equal(await ended, bad.generation);
  assert.equal(good.socket.readyState, good.socket.OPEN);
  assert.equal(world.gateway.service.sessionsCount, 1);
});

test('a session that sends too much is read more slowly, and another is not', async (t) => {
  const world = await openTestGateway({ receiveBurstBytes: 4096, receiveBytesPerSecond: 4096 });
  t.after(() => world.close());
  let count = 0;
  const greedy = await connect(world, await world.enrol());
  const modest = await connect(world, await world.enrol());
  const heard = Promise.withResolvers<void>();
  world.gateway.service.listen({
    frame(session) {
      if (session.generation === greedy.generation) count += 1;
      else heard.resolve();
    },
  });
  const { generation } = greedy;
  const large = { kind: 'hold-changed', generation, isHeld: true, padding: 'x'.repeat(60_000) };

  for (let n = 0; n < 200; n++) greedy.socket.send(JSON.stringify(large));
  modest.send({ kind: 'hold-changed', generation: modest.generation, isHeld: true });
  await heard.promise;

  assert.ok(count < 200, `${count} frames were read`);
});

test('a peer that does not read gets full, and others are served', async (t) => {
  const world = await openTestGateway({ sendBufferBytesMax: 64 * 1024 });
  t.after(() => world.close());
  const identity = await world.enrol();
  const deaf = await connect(world, identity);
  const other = await world.enrol();
  const good = await connect(world, other);
  deaf.socket.pause();
  const frame = { kind: 'collect', facts: Array.from({ length: 64 }, () => 'f'.repeat(1000)) } as const;

  let answer = world.gateway.service.send(identity.hostId, frame);
  for (let n = 0; n < 1000 && answer === 'sent'; n++)
    answer = world.gateway.service.send(identity.hostId, frame);
  world.gateway.service.send(other.hostId, { kind: 'collect', facts: ['os'] });

  assert.equal(answer, 'full');
  assert.deepEqual((await good.next('collect')).facts, ['os']);
});

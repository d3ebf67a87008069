import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { HOUR_MS } from '@pilothouse/base';
import { AppError } from '@pilothouse/contract';
import { until } from '@pilothouse/testkit';
import { openTestGateway } from './test/open-test-gateway.ts';
import { connect, dial, helloOf, type TestAgent } from './test/test-agent.ts';

const vitalsAt = (at: string) => ({
  at,
  load1: 0,
  memoryUsedRatio: 0.5,
  diskUsedRatio: 0.5,
  pressureCpu: null,
  pressureMemory: null,
  pressureIo: null,
  uptimeSeconds: 1,
  bootId: 'boot-1',
});

/** Resolves when the heartbeat was taken in: what comes after it is answered. */
async function beat(agent: TestAgent & { generation: number }, at: string): Promise<void> {
  const { generation } = agent;
  agent.send({ kind: 'heartbeat', generation, clock: at, vitals: vitalsAt(at) });
  const report = {
    kind: 'present',
    fact: 'os',
    digest: 'a'.repeat(64),
    sizeBytes: 3,
    unknownLines: 0,
  } as const;
  agent.send({ kind: 'facts', generation, collectedAt: at, reports: [report] });
  await agent.next('facts-wanted');
}

test('a host enrols with a token, opens a session and is online; its heartbeat counts', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const identity = await world.enrol();

  const agent = await connect(world, identity);
  const at = new Date(world.clock.now()).toISOString();
  agent.send({ kind: 'heartbeat', generation: agent.generation, clock: at, vitals: vitalsAt(at) });
  agent.send({
    kind: 'facts',
    generation: agent.generation,
    collectedAt: at,
    reports: [{ kind: 'present', fact: 'os', digest: 'a'.repeat(64), sizeBytes: 3, unknownLines: 0 }],
  });
  const wanted = await agent.next('facts-wanted');

  assert.deepEqual(wanted.digests, ['a'.repeat(64)]);
  assert.equal(world.hosts.index.get(identity.hostId)?.isOnline, true);
  assert.equal(world.hosts.index.get(identity.hostId)?.vitals?.diskUsedRatio, 0.5);
  assert.equal(world.gateway.service.sessionsCount, 1);
});

test('nobody without a certificate gets a session, and a host of another server is refused with a code', async (t) => {
  const [world, other] = [await openTestGateway(), await openTestGateway()];
  t.after(async () => {
    await world.close();
    await other.close();
  });
  const foreign = await other.enrol();

  await assert.rejects(dial(world, null), /HTTP 401/);
  const agent = await dial(world, foreign);

  assert.equal((await agent.next('refused')).code, 'ENROL_CERTIFICATE_UNKNOWN');
  await agent.closed;
});

test('a late frame of another generation is dropped', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const seen: string[] = [];
  world.gateway.service.listen({ frame: (_session, frame) => seen.push(frame.kind) });
  const agent = await connect(world, await world.enrol());

  const at = new Date(world.clock.now()).toISOString();
  agent.send({ kind: 'hold-changed', generation: agent.generation - 1, isHeld: true });
  agent.send({
    kind: 'facts',
    generation: agent.generation,
    collectedAt: at,
    reports: [
      {
        kind: 'present',
        fact: 'os',
        digest: createHash('sha256').update('x').digest('hex'),
        sizeBytes: 1,
        unknownLines: 0,
      },
    ],
  });
  await agent.next('facts-wanted');

  assert.deepEqual(seen, ['facts']);
});

test('a session that goes silent is closed and its host is offline', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const identity = await world.enrol();
  const agent = await connect(world, identity);
  const offline = Promise.withResolvers<void>();
  world.hosts.onChange((changes) => {
    const list = Array.isArray(changes) ? changes : [changes];
    if (list.some((change) => change.after?.isOnline === false)) offline.resolve();
  });

  world.clock.advance(31_000);
  await agent.closed;
  await offline.promise;

  assert.equal(world.gateway.service.session(identity.hostId), null);
  assert.equal(world.gateway.service.send(identity.hostId, { kind: 'collect', facts: [] }), 'offline');
});

test('a clock that is off by ten minutes is a finding, and the session stays', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const clock = new Date(world.clock.now() - 600_000).toISOString();

  await connect(world, await world.enrol(), { clock });

  assert.deepEqual(
    world.findings.map((finding) => [finding.kind, finding.evidence]),
    [['gateway.clock-skew', { skewSeconds: -600 }]],
  );
});

test('what a store that is away did not take of a clock is said again with the next heartbeat', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const off = new Date(world.clock.now() - 600_000).toISOString();
  const agent = await connect(world, await world.enrol(), { clock: off });
  const right = new Date(world.clock.now()).toISOString();

  world.isStoreAway = true;
  await beat(agent, right);
  world.isStoreAway = false;
  await beat(agent, right);

  assert.deepEqual(world.resolved, ['gateway.clock-skew']);
});

test('an agent that was found hostile is not when it has kept to the protocol for a day', async (t) => {
  const world = await openTestGateway({ silenceMaxMs: 48 * HOUR_MS });
  t.after(() => world.close());
  const agent = await connect(world, await world.enrol());
  const now = () => new Date(world.clock.now()).toISOString();
  const timesOver = () => world.resolved.filter((kind) => kind === 'gateway.hostile-agent').length;

  world.clock.advance(24 * HOUR_MS - 1);
  await beat(agent, now());
  assert.equal(timesOver(), 0);
  world.clock.advance(1);
  await beat(agent, now());
  await beat(agent, now());

  assert.equal(timesOver(), 1);
});

test('an agent that breaks the protocol again and again is refused, found out and asked to stay away', async (t) => {
  const world = await openTestGateway({ protocolErrorsMax: 3 });
  t.after(() => world.close());
  const identity = await world.enrol();
  const agent = await connect(world, identity);

  for (const text of ['{', '[]', '{"kind":"outcome"}']) agent.socket.send(text);
  const refused = await agent.next('refused');
  await agent.closed;
  const again = await dial(world, identity);
  again.send(helloOf(world));
  const comeBack = await again.next('come-back');

  assert.equal(refused.code, 'GATEWAY_HOSTILE_AGENT');
  assert.equal(world.findings.at(-1)?.kind, 'gateway.hostile-agent');
  assert.ok(comeBack.afterMs > 0);
});

test('a session is told the newest audit checkpoint after its welcome, and each newer one with the next time', async (t) => {
  const world = await openTestGateway({ timeIntervalMs: 1000 });
  t.after(() => world.close());
  const identity = await world.enrol();
  const at = (sequence: number) => {
    const stamp = new Date(world.clock.now()).toISOString();
    return { sequence, hash: 'a'.repeat(64), at: stamp, keyId: 'k', signature: 's' };
  };
  world.checkpoint = at(5);

  const agent = await connect(world, identity);
  const first = await agent.next('checkpoint');
  world.checkpoint = at(9);
  world.clock.advance(1000);
  const second = await agent.next('checkpoint');
  const kinds = agent.frames.map((frame) => frame.kind);

  assert.equal(first.checkpoint.sequence, 5);
  assert.equal(second.checkpoint.sequence, 9);
  assert.equal(kinds[0], 'welcome');
});

test('a host that left while the store was away is offline when the store is back', async (t) => {
  const world = await openTestGateway({ sweepIntervalMs: 1000 });
  t.after(() => world.close());
  const identity = await world.enrol();
  const agent = await connect(world, identity);
  let attempts = 0;
  const away = t.mock.method(world.hosts, 'sessionClosed', async () => {
    attempts += 1;
    throw new AppError('STORE_AWAY', { place: 'test' });
  });

  agent.socket.close();
  await until('the store to refuse it', 5_000, async () => attempts === 1);
  world.clock.advance(1000);
  await until('the store to refuse it again', 5_000, async () => attempts === 2);
  away.mock.restore();
  world.clock.advance(1000);

  await until('it to be offline', 5_000, async () => !world.hosts.index.get(identity.hostId)?.isOnline);
});

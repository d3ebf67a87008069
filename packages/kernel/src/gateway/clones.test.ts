import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestGateway, type TestGateway } from './test/open-test-gateway.ts';
import { connect } from './test/test-agent.ts';

/** Resolves when the host is quarantined. */
function quarantined(world: TestGateway, hostId: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  world.hosts.onChange(({ after }) => {
    if (after?.id === hostId && after.state === 'quarantined') resolve();
  });
  return promise;
}

test('two machines with one identity are quarantined, keep their sessions and are offered nothing', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const identity = await world.enrol();
  const { hostId } = identity;
  const isQuarantined = quarantined(world, hostId);

  const original = await connect(world, identity, { bootId: 'boot-a' });
  const copy = await connect(world, identity, { bootId: 'boot-b' });
  const { nonce } = await original.next('challenge');
  original.send({ kind: 'challenge-answer', generation: original.generation, nonce });
  const second = await copy.next('challenge');
  copy.send({ kind: 'challenge-answer', generation: copy.generation, nonce: second.nonce });
  await isQuarantined;
  world.clock.advance(20_000);

  assert.equal(world.findings.at(-1)?.kind, 'gateway.clone');
  assert.deepEqual(world.findings.at(-1)?.evidence.bootIds, ['boot-a', 'boot-b']);
  assert.equal(original.socket.readyState, original.socket.OPEN);
  assert.equal(copy.socket.readyState, copy.socket.OPEN);
  const envelope = { payload: '{}', signatures: [{ keyId: 'k', value: 'v' }] };
  const offer = { kind: 'offer', taskId: 't', attempt: 1, envelope, outputCreditBytes: 0 } as const;
  assert.equal(world.gateway.service.send(hostId, offer), 'offline');
});

test('two machines that a store did not take at once are quarantined when it is back', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const identity = await world.enrol();
  const isQuarantined = quarantined(world, identity.hostId);
  const failed = Promise.withResolvers<void>();
  world.refused = failed.resolve;
  world.isStoreAway = true;

  const original = await connect(world, identity, { bootId: 'boot-a' });
  const copy = await connect(world, identity, { bootId: 'boot-b' });
  const { nonce } = await original.next('challenge');
  original.send({ kind: 'challenge-answer', generation: original.generation, nonce });
  const second = await copy.next('challenge');
  copy.send({ kind: 'challenge-answer', generation: copy.generation, nonce: second.nonce });
  await failed.promise;
  assert.equal(world.hosts.index.get(identity.hostId)?.state, 'active');
  world.isStoreAway = false;
  await world.context.store.transaction(async () => {});
  world.clock.advance(5_000);
  await isQuarantined;

  assert.equal(world.findings.at(-1)?.kind, 'gateway.clone');
});

test('a host whose power was cut comes back without quarantine, and its dead session is cut', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const identity = await world.enrol();
  const dead = await connect(world, identity, { bootId: 'boot-a' });

  const back = await connect(world, identity, { bootId: 'boot-b' });
  await dead.next('challenge');
  world.clock.advance(10_000);
  await dead.closed;

  assert.equal(world.hosts.index.get(identity.hostId)?.state, 'active');
  assert.equal(world.gateway.service.session(identity.hostId)?.generation, back.generation);
  assert.deepEqual(world.findings, []);
});

for (const [what, end] of [
  ['is still open', 'silence'],
  ['ends at once', 'close'],
] as const)
  test(`a hello that arrives long after its agent dialled anew makes no clone: its connection ${what}`, async (t) => {
    const world = await openTestGateway();
    t.after(() => world.close());
    const identity = await world.enrol();
    const live = await connect(world, identity);
    const late = await connect(world, identity);

    const { nonce } = await live.next('challenge');
    if (end === 'close') {
      late.socket.terminate();
      await late.closed;
    }
    live.send({ kind: 'challenge-answer', generation: live.generation, nonce });
    if (end === 'silence') {
      await late.next('challenge');
      world.clock.advance(10_000);
    }
    // It has lost its place and does not know: it dials again.
    await live.closed;
    const back = await connect(world, identity);

    assert.equal(world.hosts.index.get(identity.hostId)?.state, 'active');
    assert.deepEqual(world.findings, []);
    assert.equal(world.gateway.service.session(identity.hostId)?.generation, back.generation);
  });

test('a wrong answer to a challenge proves nothing', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const identity = await world.enrol();
  const dead = await connect(world, identity);
  await connect(world, identity);

  await dead.next('challenge');
  dead.send({ kind: 'challenge-answer', generation: dead.generation, nonce: 'guess' });
  world.clock.advance(10_000);
  await dead.closed;

  assert.equal(world.hosts.index.get(identity.hostId)?.state, 'active');
});

test('boot ids that alternate are a clone although the two never meet', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const identity = await world.enrol();
  const isQuarantined = quarantined(world, identity.hostId);

  for (const bootId of ['boot-a', 'boot-b', 'boot-a']) {
    const agent = await connect(world, identity, { bootId });
    agent.socket.terminate();
    await agent.closed;
  }
  await isQuarantined;

  assert.equal(world.findings.at(-1)?.evidence.proof, 'boot-ids');
});

test('a frame of the session that was replaced reaches nobody', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const identity = await world.enrol();
  const heard: number[] = [];
  world.gateway.service.listen({ frame: (session) => heard.push(session.generation) });
  const old = await connect(world, identity);
  const current = await connect(world, identity);

  old.send({ kind: 'hold-changed', generation: old.generation, isHeld: true });
  old.send({ kind: 'hold-changed', generation: current.generation, isHeld: true });
  const { nonce } = await old.next('challenge');
  const isQuarantined = quarantined(world, identity.hostId);
  old.send({ kind: 'challenge-answer', generation: old.generation, nonce });
  const second = await current.next('challenge');
  current.send({ kind: 'challenge-answer', generation: current.generation, nonce: second.nonce });
  await isQuarantined;

  assert.deepEqual(heard, [current.generation], 'its answer, and nothing of the other');
});

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import {
  BY_PERSON,
  newCsr,
  openTestGateway,
  type TestGateway,
  type TestIdentity,
} from '../gateway/test/open-test-gateway.ts';
import { connect, dial, helloOf, type TestAgent } from '../gateway/test/test-agent.ts';
import { acceptAsNew, acceptAsReplacement, refuse } from './decide-pending.ts';

const DAY_MS = 86_400_000;
/** Fewer ticks, so that months of test time pass in a moment. */
const SLOW = {
  silenceMaxMs: 365 * DAY_MS,
  sweepIntervalMs: DAY_MS,
  timeIntervalMs: 365 * DAY_MS,
  ticketKeyLifeMs: 365 * DAY_MS,
};
const anyOld = (): void => {};

/** Asks for a certificate and returns the identity that came of it. */
async function renew(agent: TestAgent, generation: number): Promise<TestIdentity> {
  const { csr, keyPem } = await newCsr();
  agent.send({ kind: 'renew', generation, csr });
  const { chain } = await agent.next('certificate');
  const [leaf = ''] = chain;
  const hostId = new X509Certificate(leaf).subject.replace('CN=', '');
  return { keyPem, certPem: chain.join(''), hostId, state: 'active' };
}

async function renewOnly(world: TestGateway, identity: TestIdentity) {
  const agent = await dial(world, identity);
  agent.send(helloOf(world));
  const frame = await agent.next('renew-only');
  return { agent, frame };
}

test('a host that slept for a season may only renew, and then is as before', async (t) => {
  const world = await openTestGateway(SLOW);
  t.after(() => world.close());
  const identity = await world.enrol();
  world.clock.advance(40 * DAY_MS);

  const { agent, frame } = await renewOnly(world, identity);
  const isOnlineWhileRenewing = world.hosts.index.get(identity.hostId)?.isOnline;
  const renewed = await renew(agent, frame.generation);

  assert.equal(frame.reason, 'expired');
  assert.equal(isOnlineWhileRenewing, false);
  assert.equal(renewed.hostId, identity.hostId);
  await connect(world, renewed);
  assert.equal(world.hosts.index.get(identity.hostId)?.isOnline, true);
});

test('a host that is revoked while it may only renew gets no certificate', async (t) => {
  const world = await openTestGateway(SLOW);
  t.after(() => world.close());
  const identity = await world.enrol();
  world.clock.advance(40 * DAY_MS);
  const { agent, frame } = await renewOnly(world, identity);

  await world.context.store.transaction((transaction) =>
    world.enrolment.service.revokeHost(transaction, identity.hostId, 'on purpose'),
  );
  agent.send({ kind: 'renew', generation: frame.generation, csr: (await newCsr()).csr });

  await agent.closed;
  assert.ok(!agent.frames.some(({ kind }) => kind === 'certificate'));
});

test('a host that asks for certificates without end gets eight an hour, whatever its sessions, and is found out', async (t) => {
  const world = await openTestGateway({ ...SLOW, protocolErrorsMax: 3 });
  t.after(() => world.close());
  const identity = await world.enrol();
  world.clock.advance(DAY_MS);
  for (let session = 0; session < 2; session++) {
    const agent = await connect(world, identity);
    for (let n = 0; n < 4; n++) await renew(agent, agent.generation);
    agent.socket.close();
    await agent.closed;
  }

  const agent = await connect(world, identity);
  for (let n = 0; n < 3; n++)
    agent.send({ kind: 'renew', generation: agent.generation, csr: (await newCsr()).csr });
  const refused = await agent.next('refused');

  assert.equal(refused.code, 'GATEWAY_HOSTILE_AGENT');
  assert.equal(world.findings.at(-1)?.evidence['problem'], 'too-many-renewals');
});

test('a session whose certificate runs out is ended, unless it was renewed in time', async (t) => {
  const world = await openTestGateway(SLOW);
  t.after(() => world.close());
  const [lazy, eager] = [
    await connect(world, await world.enrol()),
    await connect(world, await world.enrol()),
  ];

  world.clock.advance(20 * DAY_MS);
  await renew(eager, eager.generation);
  world.clock.advance(10 * DAY_MS);

  assert.equal((await lazy.next('come-back')).kind, 'come-back');
  await lazy.closed;
  assert.equal(world.gateway.service.sessionsCount, 1);
});

test('a revoked host is cut at once and refused afterwards, also on a resumed TLS session', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const identity = await world.enrol();
  const tickets: Buffer[] = [];
  const agent = await dial(world, identity, { onTicket: (ticket) => tickets.push(ticket) });
  agent.send(helloOf(world));
  await agent.next('welcome');
  const [session] = tickets;
  assert.ok(session);

  await world.context.store.transaction((transaction) =>
    world.enrolment.service.revokeHost(transaction, identity.hostId, 'operator'),
  );

  assert.equal((await agent.next('refused')).code, 'ENROL_CERTIFICATE_REVOKED');
  await agent.closed;
  const again = await dial(world, identity, { session });
  assert.equal((await again.next('refused')).code, 'ENROL_CERTIFICATE_REVOKED');
  assert.equal(again.isResumed(), true);
});

test('a host under approval waits, and is active or refused as a person says', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const { secret } = await world.token({ usesMax: 2, needsApproval: true });
  const [good, bad] = [await world.enrol({ secret }), await world.enrol({ secret })];
  const agent = await connect(world, bad);

  await acceptAsNew(world.enrolment.deps, good.hostId, BY_PERSON);
  const decision = { by: BY_PERSON, revoked: world.enrolment.revoked };
  await refuse(world.enrolment.deps, bad.hostId, decision);

  assert.equal(good.state, 'pending');
  assert.equal(world.hosts.index.get(good.hostId)?.state, 'active');
  assert.equal((await agent.next('refused')).code, 'ENROL_HOST_REFUSED');
  const again = await dial(world, bad);
  assert.equal((await again.next('refused')).code, 'ENROL_HOST_REFUSED');
  await assert.rejects(acceptAsNew(world.enrolment.deps, good.hostId, BY_PERSON), /ENROL_NOT_PENDING/);
});

test('a reinstalled host takes over the old id, and the old identity is revoked', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const machineId = 'machine-7';
  const { secret } = await world.token({ usesMax: 2, labels: { role: 'web' } });
  const old = await world.enrol({ secret, machineId });
  const fresh = await world.enrol({ machineId });
  const waiting = await connect(world, fresh);

  const decision = { by: BY_PERSON, revoked: world.enrolment.revoked };
  const livesOn = await acceptAsReplacement(world.enrolment.deps, fresh.hostId, decision, anyOld);
  await waiting.next('come-back');
  const { agent, frame } = await renewOnly(world, fresh);
  const renewed = await renew(agent, frame.generation);
  await connect(world, renewed);

  assert.equal(fresh.state, 'pending');
  assert.equal(frame.reason, 'replaced');
  assert.equal(livesOn, old.hostId);
  assert.equal(renewed.hostId, old.hostId);
  assert.deepEqual(world.hosts.index.get(old.hostId)?.labels, { role: 'web' });
  assert.equal(world.hosts.index.has(fresh.hostId), false);
  const ghost = await dial(world, old);
  assert.equal((await ghost.next('refused')).code, 'ENROL_CERTIFICATE_REVOKED');
});

test('a machine id whose host was decommissioned enrols as new', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const old = await world.enrol({ machineId: 'm' });
  await world.context.store.transaction((transaction) => world.hosts.decommission(transaction, old.hostId));

  const fresh = await world.enrol({ machineId: 'm' });

  assert.equal(fresh.state, 'active');
});

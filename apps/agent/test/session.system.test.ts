import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { afterEach, before, beforeEach, test } from 'node:test';
import { actionSchemaDigest, CHECKPOINT_TAG, checkpointText, toTimestamp } from '@pilothouse/contract';
import { runCommandAction } from '@pilothouse/plugin-commands/contract';
import { buildBundles } from '../../../tools/build.ts';
import { type AgentUnderTest, ended, newAgent } from './agent-process.ts';
import { openScriptedGateway, type ScriptedGateway } from './scripted-gateway.ts';
import { HOST_ID, issueHost, newEnvelopeKey, signBundle, signTime, signWith } from './test-authority.ts';

let gateway: ScriptedGateway;
let agent: AgentUnderTest;
let running: ChildProcess;
before(() => buildBundles(['agent']));
beforeEach(async () => {
  gateway = await openScriptedGateway();
  agent = newAgent();
});
afterEach(async () => {
  await agent.close();
  await gateway.close();
});

async function enrolAndRun() {
  await agent.command('enrol', '--token', gateway.token());
  running = agent.start();
  return gateway.session();
}

test('says hello with its certificate, its actions and its host; then heartbeats', async () => {
  const session = await enrolAndRun();
  const heartbeat = await session.next('heartbeat');

  assert.equal(session.peerName, HOST_ID);
  assert.equal(session.hello.actions['commands.run'], actionSchemaDigest(runCommandAction));
  assert.equal(session.hello.trustVersion, 1);
  assert.ok(heartbeat.vitals.memoryUsedRatio > 0 && heartbeat.vitals.uptimeSeconds > 0);
  assert.equal((await agent.command('status')).code, 0);
});

test('reports facts by digest, sends the bodies that are wanted, and collects when asked', async () => {
  const session = await enrolAndRun();
  const { reports } = await session.next('facts', (frame) => frame.reports[0]?.fact === 'os');
  const [report] = reports;
  assert.ok(report?.kind === 'present');
  session.send({ kind: 'facts-wanted', digests: [report.digest] });
  await until(() => gateway.bodies.has(report.digest), session);

  assert.match(String(gateway.bodies.get(report.digest)), /"id":/);
});

test('an unchanged fact is not told again in the next session', async () => {
  const session = await enrolAndRun();
  const { reports } = await session.next('facts', (frame) => frame.reports[0]?.fact === 'os');
  const [report] = reports;
  assert.ok(report?.kind === 'present');
  gateway.answer(() => ({
    kind: 'welcome',
    generation: 102,
    hostId: HOST_ID,
    serverTime: toTimestamp(Date.now()),
    heartbeatIntervalMs: 1000,
    knownFacts: { os: report.digest },
  }));
  session.cut();
  const again = await gateway.session();
  await again.next('heartbeat');
  await again.next('heartbeat');

  const told = again.heard.flatMap((frame) => (frame.kind === 'facts' ? frame.reports : []));
  assert.ok(!told.some(({ fact }) => fact === 'os'));
});

test('frames of another generation mean nothing', async () => {
  const session = await enrolAndRun();
  session.sendRaw({ kind: 'challenge', generation: session.generation - 1, nonce: 'old' });
  session.send({ kind: 'challenge', nonce: 'new' });

  assert.equal((await session.next('challenge-answer')).nonce, 'new');
});

test('comes back after a cut, and only when it was told to', async () => {
  gateway.answer(() => ({ kind: 'come-back', afterMs: 300 }));
  const first = await enrolAndRun();
  const askedAt = performance.now();
  await first.closed;
  gateway.answer(null);
  const second = await gateway.session();

  assert.ok(performance.now() - askedAt >= 300);
  second.cut();
  assert.equal((await gateway.session()).hello.processId, second.hello.processId);
});

test('trust moves forward one signed version at a time, and envelope keys with it', async () => {
  const session = await enrolAndRun();
  const next = newEnvelopeKey();
  const stranger = newEnvelopeKey();
  const bundle = (version: number) => ({
    ...gateway.trust,
    version,
    envelopeKeys: [next, gateway.key].map(({ id, raw }) => ({ id, raw })),
  });
  session.send({
    kind: 'trust',
    bundles: [
      signBundle(bundle(2), stranger),
      signBundle(bundle(3), gateway.key),
      signBundle(bundle(2), gateway.key),
    ],
  });
  const adopted = await session.next('trust-adopted');
  session.cut();
  const again = await gateway.session();

  assert.equal(adopted.version, 2);
  assert.equal(again.hello.trustVersion, 2);
});

test('renews at two thirds of its certificate’s life, and opens the next session with the new one', async () => {
  gateway.issue = { lifeMs: 3_600_000, ageMs: 3_000_000 };
  const session = await enrolAndRun();
  const { csr } = await session.next('renew');
  session.send({ kind: 'certificate', chain: [await issueHost(gateway.authority, csr)] });
  session.send({ kind: 'challenge', nonce: 'after' });
  await session.next('challenge-answer');
  session.cut();
  const again = await gateway.session();
  await again.next('heartbeat');
  await again.next('heartbeat');

  assert.equal(again.peerName, HOST_ID);
  assert.ok(!again.heard.some(({ kind }) => kind === 'renew'));
});

test('in a renew-only session it does nothing but renew, and takes over the id it is given', async () => {
  const other = 'h_000000000000000007';
  gateway.answer(() => ({ kind: 'renew-only', generation: 101, reason: 'replaced' }));
  const session = await enrolAndRun();
  const { csr } = await session.next('renew');
  gateway.answer(null);
  session.send({ kind: 'certificate', chain: [await issueHost(gateway.authority, csr, { hostId: other })] });
  const again = await gateway.session();

  assert.equal(again.peerName, other);
  assert.deepEqual(
    session.heard.map(({ kind }) => kind),
    ['renew'],
  );
});

test('a certificate for another key or by another authority is not taken', async () => {
  gateway.answer(() => ({ kind: 'renew-only', generation: 101, reason: 'expired' }));
  const session = await enrolAndRun();
  await session.next('renew');
  const { csr } = gateway.enrolments[0] ?? assert.fail('the agent has enrolled');
  session.send({
    kind: 'certificate',
    chain: [await issueHost(gateway.authority, csr, { hostId: 'h_000000000000000007' })],
  });
  gateway.answer(null);
  session.cut();

  assert.equal((await gateway.session()).peerName, HOST_ID);
});

test('a second agent on the same directory is refused, and hold reaches the server', async () => {
  const session = await enrolAndRun();
  await session.next('heartbeat');
  const second = await agent.command('run');
  await agent.command('hold', 'maintenance', 'tonight');

  assert.match(second.stderr, /AGENT_RUNS_ALREADY/);
  assert.equal((await session.next('hold-changed')).isHeld, true);
  running.kill('SIGTERM');
  await ended(running);
  assert.equal(running.exitCode, 0);
});

test('hold and release are told to the server at once, without a heartbeat', async () => {
  gateway.answer(() => ({
    kind: 'welcome',
    generation: 101,
    hostId: HOST_ID,
    serverTime: toTimestamp(Date.now()),
    heartbeatIntervalMs: 3_600_000,
    knownFacts: {},
  }));
  const session = await enrolAndRun();
  await session.next('facts');

  await agent.command('hold', 'work on the rack');
  const status = await agent.command('status');
  await agent.command('release');

  assert.match(status.stdout, /held\s+yes/);
  assert.equal((await session.next('hold-changed')).isHeld, true);
  assert.equal((await session.next('hold-changed')).isHeld, false);
});

test('where the agent does not get round to it, who releases is told that the server has not heard', async () => {
  const session = await enrolAndRun();
  await session.next('facts');
  await agent.command('hold', 'work on the rack');
  running.kill('SIGSTOP');
  const { stdout } = await agent.command('release');
  running.kill('SIGCONT');

  assert.match(stdout, /accepts tasks again[^]*server has not heard/);
});

test('time that no trusted key signed is not believed', async () => {
  const session = await enrolAndRun();
  const far = toTimestamp(Date.now() + 86_400_000);
  const { keyId, value } = signTime(newEnvelopeKey(), far);
  session.send({ kind: 'time', serverTime: far, keyId, signature: value });
  session.send({ kind: 'challenge', nonce: 'still-here' });

  assert.equal((await session.next('challenge-answer')).nonce, 'still-here');
});

test('passes over frames of a kind that it does not know, and over what is no frame', async () => {
  const session = await enrolAndRun();
  session.sendRaw({ kind: 'of-a-later-version', generation: session.generation, more: [1] });
  session.sendRaw(['no frame']);
  session.send({ kind: 'challenge', nonce: 'still-here' });

  assert.equal((await session.next('challenge-answer')).nonce, 'still-here');
});

test('keeps the newest audit checkpoint and names it in its status', async () => {
  const session = await enrolAndRun();
  const unsigned = {
    sequence: 12,
    hash: 'a'.repeat(64),
    at: toTimestamp(0),
    keyId: gateway.key.id,
  };
  const signature = signWith(gateway.key, CHECKPOINT_TAG, checkpointText(unsigned)).value;
  session.send({ kind: 'checkpoint', checkpoint: { ...unsigned, signature } });
  session.send({ kind: 'challenge', nonce: 'after' });
  await session.next('challenge-answer');

  assert.match((await agent.command('status')).stdout, /record 12 .*audit-checkpoint\.json/);
});

/** Bodies come on connections of their own; heartbeats tell that time has passed. */
async function until(
  is: () => boolean,
  session: Awaited<ReturnType<ScriptedGateway['session']>>,
): Promise<void> {
  for (let beats = 0; !is(); beats++) {
    assert.ok(beats < 20, 'nothing came');
    await session.next('heartbeat');
  }
}

/** Agents with a good certificate that lie, flood or fall silent. Each is found out; another host's session goes on as ever. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { FACTS_PER_HOST_MAX } from '@pilothouse/contract';
import { until } from '@pilothouse/testkit';
import { fuzzParameters, hostileJson, spoiledBytes } from '@pilothouse/testkit/fuzz';
import { GATEWAY_PATHS } from '@pilothouse/wire';
import fc from 'fast-check';
import { call, openTestGateway, type TestGateway, type TestIdentity } from './test/open-test-gateway.ts';
import { connect, dial, helloOf } from './test/test-agent.ts';

type Agent = Awaited<ReturnType<typeof connect>>;
const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');
const at = '2026-05-03T10:00:00.000Z';
const HOSTILE = 'gateway.hostile-agent';

/** A host beside the bad one: answers a question within its usual time, whatever else goes on. */
async function bystander(world: TestGateway) {
  const identity = await world.enrol();
  const agent = await connect(world, identity);
  return {
    async isServed(): Promise<void> {
      const startedAt = process.hrtime.bigint();
      assert.equal(world.gateway.service.send(identity.hostId, { kind: 'collect', facts: ['os'] }), 'sent');
      await agent.next('collect');
      const ms = Number(process.hrtime.bigint() - startedAt) / 1e6;
      assert.ok(ms < 1_000, `a bystander waited ${ms} ms`);
    },
  };
}

const facts = (agent: Agent, digests: readonly string[]) => ({
  kind: 'facts',
  generation: agent.generation,
  collectedAt: at,
  reports: digests.map((digest, n) => ({
    kind: 'present',
    fact: `fact-${n}`,
    digest,
    sizeBytes: 10,
    unknownLines: 0,
  })),
});
const put = (name: string, body: Buffer, identity: TestIdentity, encoding = 'identity') => ({
  method: 'PUT',
  path: `${GATEWAY_PATHS.facts}/${name}`,
  body,
  headers: { 'content-encoding': encoding },
  identity,
});

async function foundOut(world: TestGateway, identity: TestIdentity, problem: string): Promise<void> {
  await until('the finding', 5_000, async () => world.findings.some(({ kind }) => kind === HOSTILE));
  const finding = world.findings.find(({ kind }) => kind === HOSTILE);
  assert.equal(finding?.hostId, identity.hostId);
  assert.equal(finding?.evidence['problem'], problem);
  // It is asked to stay away, and stays away for its own host alone.
  const again = await dial(world, identity);
  again.send(helloOf(world));
  assert.ok((await again.next('come-back')).afterMs > 60_000);
}

test('a hundred thousand facts in one frame, and facts that change without end', async (t) => {
  const world = await openTestGateway({ reportsBurst: 50 });
  t.after(() => world.close());
  const identity = await world.enrol();
  const [large, good] = [await connect(world, identity), await bystander(world)];
  const many = Array.from({ length: 100_000 }, (_, n) => sha256(`${n}`));

  large.socket.send(JSON.stringify(facts(large, many)));
  assert.equal(await large.closed, 1009);
  await good.isServed();
  const bad = await connect(world, identity);
  for (let n = 0; n < 90; n++)
    bad.socket.send(JSON.stringify(facts(bad, many.slice(n, n + FACTS_PER_HOST_MAX))));
  await good.isServed();

  await foundOut(world, identity, 'fact-flood');
  await good.isServed();
});

test('bodies that are not what their name says, that grow to gigabytes, or that are no zstd', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const identity = await world.enrol();
  const good = await bystander(world);
  await connect(world, identity);
  // 1 GiB of zeros in 32 kB: decoding it would show in the memory of this process.
  const piece = zstdCompressSync(Buffer.alloc(64 * 1024 * 1024));
  const bomb = Buffer.concat(Array.from({ length: 16 }, () => piece));
  const before = process.memoryUsage().rss;
  let most = before;

  for (let n = 0; n < 7; n++) {
    const wishes = [
      put(sha256('a'), Buffer.from(`not ${n}`), identity),
      put(sha256('a'), bomb, identity, 'zstd'),
      put(sha256('a'), Buffer.from('nothing'), identity, 'zstd'),
    ];
    const answers = await Promise.all(wishes.map((wish) => call(world, wish)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [422, 413, 400],
      answers[0]?.text,
    );
    most = Math.max(most, process.memoryUsage().rss);
  }

  assert.ok(most - before < 200 * 1024 * 1024, `${Math.round((most - before) / 1024 / 1024)} MB`);
  assert.equal(world.bodies.size, 0);
  assert.ok(world.findings.some(({ kind, hostId }) => kind === HOSTILE && hostId === identity.hostId));
  await good.isServed();
});

test('a flood of answers to nothing: probes, challenges, outputs, outcomes, words of another generation', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const identity = await world.enrol();
  const [bad, good] = [await connect(world, identity), await bystander(world)];
  const { generation } = bad;
  const before = process.memoryUsage().heapUsed;

  for (let n = 0; n < 1_000; n++) {
    const taskId = `r_${n}.0`;
    for (const frame of [
      { kind: 'probe-result', generation, taskId, askId: `${n}`, results: [], refused: null },
      { kind: 'challenge-answer', generation, nonce: 'ab'.repeat(16) },
      { kind: 'output', generation, taskId, offsetBytes: n, chunks: [] },
      { kind: 'started', generation: generation - 1, taskId, attempt: 1, at },
      { kind: 'trust-adopted', generation, version: 2 ** 40 },
    ])
      bad.socket.send(JSON.stringify(frame));
  }
  await good.isServed();

  assert.equal(bad.socket.readyState, bad.socket.OPEN);
  assert.ok(process.memoryUsage().heapUsed - before < 100 * 1024 * 1024);
  assert.equal(world.hosts.index.get(identity.hostId)?.state, 'active');
});

test('half-open sessions: they neither speak nor end, and lose their place', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const identities = await Promise.all(Array.from({ length: 10 }, () => world.enrol()));
  const silent = await Promise.all(identities.map((identity) => connect(world, identity)));
  let gone = 0;
  const allGone = Promise.withResolvers<void>();
  world.gateway.service.listen({ closed: () => ++gone === silent.length && allGone.resolve() });
  for (const agent of silent) agent.socket.pause();

  for (let n = 0; n < 6; n++) world.clock.advance(5_000);

  await allGone.promise;

  assert.equal(world.gateway.service.sessionsCount, 0);
  await (await bystander(world)).isServed();
});

test('one host cannot take the session, the facts or the place of another by naming it', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const [identity, victim] = [await world.enrol(), await world.enrol()];
  const other = await connect(world, victim);
  const bad = await dial(world, identity);

  bad.send({ ...helloOf(world), hostId: victim.hostId, id: victim.hostId } as never);
  const welcome = await bad.next('welcome');
  bad.socket.send(
    JSON.stringify({
      kind: 'hold-changed',
      generation: other.generation,
      isHeld: true,
      hostId: victim.hostId,
    }),
  );

  assert.equal(welcome.hostId, identity.hostId);
  assert.equal(other.socket.readyState, other.socket.OPEN);
  assert.equal(world.gateway.service.session(victim.hostId)?.generation, other.generation);
});

test('anything at all after the welcome: the session ends or goes on, the next host is served', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const good = await bystander(world);
  const hello = fc.oneof(
    hostileJson.map((value) => JSON.stringify({ ...helloOf(world), journal: value }) ?? ''),
    spoiledBytes(helloOf(world)).map((bytes) => bytes.toString('utf8')),
  );
  const settings = fuzzParameters(t, { runs: 25 });

  await fc.assert(
    fc.asyncProperty(hello, fc.array(hostileJson, { maxLength: 5 }), async (first, frames) => {
      const agent = await dial(world, await world.enrol());
      agent.socket.send(first);
      for (const frame of frames) agent.socket.send(JSON.stringify(frame) ?? 'x');
      agent.socket.terminate();
      await agent.closed;
      await good.isServed();
    }),
    settings,
  );
});

import assert from 'node:assert/strict';
import { createPublicKey, verify, X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type SignedTrustBundle, TIME_TAG, TRUST_TAG, TrustBundle } from '@pilothouse/contract';
import { openTestStore } from '@pilothouse/store/test-store';
import { GATEWAY_PATHS, TrustAnswer } from '@pilothouse/wire';
import {
  BY_PERSON,
  call,
  newCsr,
  openTestGateway,
  type TestGateway,
} from '../gateway/test/open-test-gateway.ts';
import { connect, dial, helloOf } from '../gateway/test/test-agent.ts';
import { silentLog } from '../log.ts';
import { openTestContext } from '../open-test-context.ts';
import { openKeyFiles } from './key-files.ts';
import { enrolmentMigrations } from './migrations.ts';
import { retireKey, rotateKey, trustStatus } from './rotations.ts';
import { openTrust } from './trust.ts';

const EVERYTHING = { includes: () => true };
const EVEN_IF = { evenIfHostsRemain: true, by: BY_PERSON };

const bundleOf = (signed: SignedTrustBundle): TrustBundle => TrustBundle.parse(JSON.parse(signed.payload));

/** What an agent does: takes a bundle only on the word of a key of the one before. */
function isSignedBy(signed: SignedTrustBundle, before: TrustBundle): boolean {
  return signed.signatures.some(({ keyId, value }) => {
    const key = before.envelopeKeys.find((candidate) => candidate.id === keyId);
    return key !== undefined && isSigned(key.raw, TRUST_TAG + signed.payload, value);
  });
}

function isSigned(raw: string, text: string, signature: string): boolean {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(raw, 'base64').toString('base64url') };
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  return verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64'));
}

const status = (world: TestGateway) => trustStatus(world.enrolment.deps, EVERYTHING);

/** Resolves when a rotation has ended by itself. */
function settled(world: TestGateway): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { trust } = world.enrolment.deps;
  trust.onChange(() => {
    if (trust.next('ca') === null && trust.next('envelope') === null) resolve();
  });
  return promise;
}

test('each bundle is signed by a key of the one before, through rotations of both kinds', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const { deps } = world.enrolment;

  await rotateKey(deps, 'envelope', BY_PERSON);
  await rotateKey(deps, 'ca', BY_PERSON);
  await retireKey(deps, 'envelope', EVEN_IF);
  await retireKey(deps, 'ca', EVEN_IF);
  await rotateKey(deps, 'envelope', BY_PERSON);

  const bundles = world.enrolment.service.trustBundles(0);
  assert.deepEqual(
    bundles.map((signed) => bundleOf(signed).version),
    [1, 2, 3, 4, 5, 6],
  );
  for (const [n, signed] of bundles.entries()) {
    const before = bundles[n - 1];
    if (before !== undefined) assert.ok(isSignedBy(signed, bundleOf(before)), `bundle ${n + 1}`);
  }
  assert.equal(bundleOf(bundles[2] ?? assert.fail()).authorities.length, 2);
  assert.equal(bundleOf(bundles[4] ?? assert.fail()).authorities.length, 1);
});

test('a key that retired just before the server was killed has left no private part after the next start', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'pilothouse-keys-'));
  const context = await openTestContext([enrolmentMigrations]);
  t.after(async () => {
    await context.store.close();
    await rm(directory, { recursive: true });
  });
  const files = await openKeyFiles(directory);
  const killed = await openTrust(context, { ...files, remove: async () => {} });
  await killed.rotate('envelope', async () => {});
  await killed.retire('envelope', async () => {});
  assert.equal((await readdir(directory)).length, 3);

  const trust = await openTrust(context, files);

  const kept = trust.keys
    .filter(({ state }) => state !== 'retired')
    .map(({ kind, kid }) => `${kind}-${kid}.pem`);
  assert.deepEqual((await readdir(directory)).sort(), kept.sort());
});

test('a running host follows a rotation of the envelope key, which then ends by itself', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const agent = await connect(world, await world.enrol());
  const before = world.enrolment.service.signer.sign(TIME_TAG, 'x').keyId;

  await rotateKey(world.enrolment.deps, 'envelope', BY_PERSON);
  const { bundles } = await agent.next('trust');
  const during = world.enrolment.service.signer.sign(TIME_TAG, 'x').keyId;
  const waiting = await status(world);
  const ended = settled(world);
  agent.send({ kind: 'trust-adopted', generation: agent.generation, version: 2 });
  await ended;

  assert.equal(bundleOf(bundles[0] ?? assert.fail()).version, 2);
  assert.equal(during, before);
  assert.equal(waiting.rotations[0]?.hostsNotMovedCount, 1);
  assert.notEqual(world.enrolment.service.signer.sign(TIME_TAG, 'x').keyId, before);
  assert.deepEqual((await status(world)).rotations, []);
});

test('a running host follows a rotation of the authority: bundle, certificate, then the server changes its own', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const agent = await connect(world, await world.enrol());
  const oldCa = world.ca();
  const renewedServer = new Promise<string>((resolve) =>
    world.enrolment.service.onServerCertificate((certificate) => resolve(certificate.chainPem)),
  );

  await rotateKey(world.enrolment.deps, 'ca', BY_PERSON);
  await agent.next('trust');
  agent.send({ kind: 'trust-adopted', generation: agent.generation, version: 2 });
  const { csr, keyPem } = await newCsr();
  agent.send({ kind: 'renew', generation: agent.generation, csr });
  const { chain } = await agent.next('certificate');
  const server = await renewedServer;

  const newCa = new X509Certificate(world.ca());
  assert.notEqual(world.ca(), oldCa);
  assert.ok(new X509Certificate(server).verify(newCa.publicKey));
  const [leaf = ''] = chain;
  assert.ok(new X509Certificate(leaf).verify(newCa.publicKey));
  const hostId = new X509Certificate(leaf).subject.replace('CN=', '');
  await connect(world, { keyPem, certPem: chain.join(''), hostId, state: 'active' });
});

test('a host that missed the rotation of the authority may renew, and nothing else', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const identity = await world.enrol();
  await rotateKey(world.enrolment.deps, 'ca', BY_PERSON);
  await assert.rejects(
    retireKey(world.enrolment.deps, 'ca', { ...EVEN_IF, evenIfHostsRemain: false }),
    /ENROL_HOSTS_NOT_MOVED/,
  );
  const changed = new Promise<void>((resolve) =>
    world.enrolment.service.onServerCertificate(() => resolve()),
  );
  await retireKey(world.enrolment.deps, 'ca', EVEN_IF);
  await changed;

  const answer = await call(world, { method: 'GET', path: `${GATEWAY_PATHS.trust}?after=1` });
  const agent = await dial(world, identity);
  agent.send(helloOf(world));
  const { reason, generation } = await agent.next('renew-only');
  const { bundles } = await agent.next('trust');
  agent.send({ kind: 'renew', generation, csr: (await newCsr()).csr });
  const { chain } = await agent.next('certificate');

  assert.equal(reason, 'rotated');
  assert.deepEqual(TrustAnswer.parse(JSON.parse(answer.text)).bundles, bundles);
  assert.deepEqual(
    bundles.map((signed) => bundleOf(signed).version),
    [2, 3],
  );
  assert.equal(new X509Certificate(chain[0] ?? '').subject, `CN=${identity.hostId}`);
});

test('two rotations of one kind never overlap, and one that is not open cannot be ended', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const { deps } = world.enrolment;

  const ends = await Promise.allSettled([
    rotateKey(deps, 'ca', BY_PERSON),
    rotateKey(deps, 'ca', BY_PERSON),
    rotateKey(deps, 'envelope', BY_PERSON),
  ]);

  assert.deepEqual(ends.map((end) => end.status).sort(), ['fulfilled', 'fulfilled', 'rejected']);
  assert.equal(deps.trust.version, 3);
  await retireKey(deps, 'ca', EVEN_IF);
  await assert.rejects(retireKey(deps, 'ca', EVEN_IF), /ENROL_NO_ROTATION/);
});

test('server time is signed by a key of the bundle that the host trusts', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const agent = await connect(world, await world.enrol());

  const { serverTime, keyId, signature } = await agent.next('time');
  world.clock.advance(20_000);

  const [newest] = world.enrolment.service.trustBundles(0);
  const key = bundleOf(newest ?? assert.fail()).envelopeKeys.find((candidate) => candidate.id === keyId);
  assert.ok(isSigned(key?.raw ?? '', TIME_TAG + serverTime, signature));
});

test('keys are the same after a restart, in files that only their owner reads; a lost one is named', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'pilothouse-keys-'));
  const store = await openTestStore();
  t.after(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });
  await store.migrate([enrolmentMigrations]);
  const { clock, ids } = {
    clock: (await import('@pilothouse/base')).systemClock,
    ids: { now: Date.now, fill: (a: Uint8Array) => a },
  };
  const context = { store, clock, ids, log: silentLog };
  const files = await openKeyFiles(directory);

  const first = await openTrust(context, files);
  const again = await openTrust(context, files);

  assert.equal(again.authority.pem, first.authority.pem);
  assert.deepEqual(again.signer.sign('t', 'x'), first.signer.sign('t', 'x'));
  for (const name of await readdir(directory)) {
    assert.equal((await stat(join(directory, name))).mode & 0o777, 0o600);
    await files.remove(name);
  }
  await assert.rejects(openTrust(context, files), /ENROL_KEY_MISSING.*\.pem/);
});

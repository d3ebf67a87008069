import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { DAY_MS, MINUTE_MS } from '@pilothouse/base';
import { openTestGateway, type TestGateway } from '../gateway/test/open-test-gateway.ts';
import { createIdentifier } from './identify-peer.ts';
import { type Authority, issueHostCertificate, newAuthority, newKeyPair } from './issue-certificate.ts';

const HOST = 'h_1m7yms3p7yx1ym4893';

async function open(t: TestContext): Promise<TestGateway> {
  const gateway = await openTestGateway();
  t.after(() => gateway.close());
  return gateway;
}

/** A certificate that was issued, and that the store knows nothing of. */
async function forgotten(authority: Authority, at: number, hostId = HOST): Promise<Uint8Array> {
  const { publicKey } = await newKeyPair();
  const spki = new Uint8Array(await crypto.subtle.exportKey('spki', publicKey));
  // Of a request's key only its bytes are read.
  const subject = { hostId, publicKey: { rawData: spki.buffer } } as never;
  const { pem } = await issueHostCertificate(authority, subject, at);
  return new X509Certificate(pem).raw;
}

const depsOf = ({ enrolment, clock }: TestGateway, restoredFrom: number | null = clock.now() - DAY_MS) => ({
  ...enrolment.deps,
  restoredFrom,
});

test('a host that the restored store has forgotten becomes pending, once', async (t) => {
  const gateway = await open(t);
  const der = await forgotten(gateway.enrolment.deps.trust.authority, gateway.clock.now());

  const identify = createIdentifier(depsOf(gateway));
  const seen = await Promise.all([identify(der), identify(der)]);

  assert.deepEqual(
    seen.map((each) => (each.kind === 'host' ? each.hostId : each)),
    [HOST, HOST],
  );
  assert.equal(gateway.hosts.index.get(HOST)?.state, 'pending');
  assert.deepEqual(
    gateway.audit.map(({ action, subject }) => [action, subject]),
    [['host.adopted', HOST]],
  );
});

test('a known host with a certificate renewed in the forgotten time goes on as it was', async (t) => {
  const gateway = await open(t);
  const { hostId } = await gateway.enrol();
  const der = await forgotten(gateway.enrolment.deps.trust.authority, gateway.clock.now(), hostId);

  const seen = await createIdentifier(depsOf(gateway))(der);

  assert.equal(seen.kind, 'host');
  assert.equal(gateway.hosts.index.get(hostId)?.state, 'active');
});

test('a store that was never set back adopts nothing', async (t) => {
  const gateway = await open(t);
  const der = await forgotten(gateway.enrolment.deps.trust.authority, gateway.clock.now());

  const seen = await createIdentifier(depsOf(gateway, null))(der);

  assert.equal(seen.kind === 'refused' && seen.code, 'ENROL_CERTIFICATE_UNKNOWN');
});

test('nothing is adopted of another authority, of a remembered time, or of a host that was let go', async (t) => {
  const gateway = await open(t);
  const { authority } = gateway.enrolment.deps.trust;
  const now = gateway.clock.now();
  const { hostId } = await gateway.enrol();
  await gateway.context.store.transaction((transaction) => gateway.hosts.decommission(transaction, hostId));
  const stranger = (await newAuthority(now)).authority;

  for (const der of [
    await forgotten(stranger, now),
    await forgotten(authority, now - DAY_MS - 11 * MINUTE_MS),
    await forgotten(authority, now, hostId),
    Uint8Array.of(1, 2, 3),
  ]) {
    const seen = await createIdentifier(depsOf(gateway))(der);
    assert.equal(seen.kind === 'refused' && seen.code, 'ENROL_CERTIFICATE_UNKNOWN');
  }
  assert.equal(gateway.hosts.index.size, 0);
});

test('what the store may have forgotten in good order is not adopted, since its revocation was lost with it', async (t) => {
  const gateway = await open(t);
  const { authority } = gateway.enrolment.deps.trust;
  const now = gateway.clock.now();
  const restoredFrom = now - 200 * DAY_MS;
  const adopts = async (issuedAt: number) => {
    const { hostId } = await gateway.enrol();
    const seen = await createIdentifier(depsOf(gateway, restoredFrom))(
      await forgotten(authority, issuedAt, hostId),
    );
    return seen.kind;
  };

  assert.equal(await adopts(now - 119 * DAY_MS), 'renew-only');
  assert.equal(await adopts(now - 121 * DAY_MS), 'refused');
});

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { AppError, Problem } from '@pilothouse/contract';
import { EnrolResponse, GATEWAY_PATHS } from '@pilothouse/wire';
import fc from 'fast-check';
import { BY_PERSON, call, enrolRequest, newCsr, openTestGateway } from '../gateway/test/open-test-gateway.ts';
import { hostNameOf } from './register-hosts.ts';
import type { EnrolmentTables } from './store.ts';
import { tokenById } from './store.ts';
import { revokeTokenBy } from './tokens.ts';

const codeOf = (text: string): string => Problem.parse(JSON.parse(text)).code;

test('the certificate names the host, lasts thirty days and starts an hour ago', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const identity = await world.enrol({ secret: (await world.token({ labels: { site: 'bj1' } })).secret });

  const certificate = new X509Certificate(identity.certPem);
  const now = world.clock.now();

  assert.equal(certificate.subject, `CN=${identity.hostId}`);
  assert.equal(certificate.subjectAltName, `URI:urn:pilothouse:host:${identity.hostId}`);
  assert.ok(certificate.verify(new X509Certificate(world.ca()).publicKey));
  assert.ok(Math.abs(certificate.validFromDate.getTime() - (now - 3_600_000)) < 1000);
  assert.ok(Math.abs(certificate.validToDate.getTime() - (now + 30 * 86_400_000)) < 1000);
  assert.deepEqual(world.hosts.index.get(identity.hostId)?.labels, { site: 'bj1' });
  assert.equal(world.audit.at(-1)?.action, 'host.enrolled');
  assert.equal(world.events.at(-1)?.type, 'enrolment.enrolled');
});

test('a wrong, an expired, a revoked and a used-up token each have their own code', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const codeWith = async (secret: string): Promise<string> => {
    const body = JSON.stringify({ ...enrolRequest((await newCsr()).csr), secret });
    return codeOf((await call(world, { method: 'POST', path: GATEWAY_PATHS.enrol, body })).text);
  };
  const [short, used, revoked] = [
    await world.token({ lifeSeconds: 60 }),
    await world.token(),
    await world.token(),
  ];
  await world.enrol({ secret: used.secret });
  const row = await tokenById(world.context.store.as<EnrolmentTables>(), revoked.record.id);
  assert.ok(row);
  await revokeTokenBy(world.enrolment.deps, row, BY_PERSON);
  world.clock.advance(61_000);

  assert.equal(await codeWith('x'.repeat(43)), 'ENROL_TOKEN_UNKNOWN');
  assert.equal(await codeWith(short.secret), 'ENROL_TOKEN_EXPIRED');
  assert.equal(await codeWith(used.secret), 'ENROL_TOKEN_USED_UP');
  assert.equal(await codeWith(revoked.secret), 'ENROL_TOKEN_REVOKED');
});

test('of many hosts that use a token for three at once, exactly three get in', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const { secret } = await world.token({ usesMax: 3 });

  const ends = await Promise.allSettled(Array.from({ length: 8 }, () => world.enrol({ secret })));

  assert.equal(ends.filter((end) => end.status === 'fulfilled').length, 3);
  assert.equal(world.hosts.index.size, 3);
});

test('of hosts with one machine id that ask at once, all but the first wait for a person', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const { secret } = await world.token({ usesMax: 10 });
  const ask = async (machineId: string) => {
    const body = JSON.stringify({ ...enrolRequest((await newCsr()).csr), secret, machineId });
    const { text } = await call(world, { method: 'POST', path: GATEWAY_PATHS.enrol, body });
    return EnrolResponse.parse(JSON.parse(text)).state;
  };

  const states = await Promise.all(['a', 'b', 'a', 'c', 'a'].map((letter) => ask(letter.repeat(32))));

  assert.equal(states.filter((state) => state === 'pending').length, 2);
  assert.equal(states[1], 'active');
  assert.equal(states[3], 'active');
});

test('an agent whose answer was lost gets the same one again, without a second use', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const { secret } = await world.token();
  const { csr } = await newCsr();
  const body = JSON.stringify({ ...enrolRequest(csr), secret });
  const ask = async () =>
    EnrolResponse.parse(
      JSON.parse((await call(world, { method: 'POST', path: GATEWAY_PATHS.enrol, body })).text),
    );

  const [first, again] = [await ask(), await ask()];

  assert.deepEqual(again, first);
  assert.equal(world.hosts.index.size, 1);
});

test('a request that is not signed by its own key is refused, and the token is not used', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const { secret } = await world.token();
  const lines = (await newCsr()).csr.split('\n');
  const der = Buffer.from(lines.slice(1, -1).join(''), 'base64');
  der.writeUInt8((der.at(-1) ?? 0) ^ 1, der.length - 1);
  const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----`;

  const { service } = world.enrolment;
  const from = { address: '' };
  for (const csr of [forged, 'nothing', '']) {
    await assert.rejects(
      service.enrol({ ...enrolRequest(csr), secret }, from),
      (error: AppError) => error.code === 'ENROL_CSR_INVALID',
    );
  }

  await world.enrol({ secret });
});

test('a token is kept only as a hash', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const { secret, record } = await world.token();

  const row = await tokenById(world.context.store.as<EnrolmentTables>(), record.id);

  assert.ok(!JSON.stringify(row).includes(secret));
  assert.ok(!JSON.stringify(world.audit).includes(secret));
});

test('any reported name gives a valid host name', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 253 }), (reported) => {
      assert.match(hostNameOf(reported), /^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,251}[a-zA-Z0-9])?$/);
    }),
  );
});

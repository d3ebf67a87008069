import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Mandate, OPERATOR_KEY_TAG, type PlanAuthority, toTimestamp } from '@pilothouse/contract';
import {
  hostIdOf,
  newKey,
  openTestAuthority,
  personCalled,
  signMandateWith,
  signPlanWith,
} from './open-test-authority.ts';

const ada = personCalled('ada');
const ben = personCalled('ben');
const cai = personCalled('cai');
const dan = personCalled('dan');
const HOUR_MS = 3_600_000;
const destructive = { read: 0, reversible: 0, disruptive: 0, destructive: 2, arbitrary: 0 };
const withMin = (approvalsMin: number) => ({
  strategy: {
    waves: { kind: 'all' as const },
    inFlightMax: 10,
    failuresMax: 0,
    offline: 'wait' as const,
    taskTimeoutMs: 60_000,
    factsAgeMaxMs: null,
    approvalsMin,
  },
});
type World = Awaited<ReturnType<typeof openTestAuthority>>;
const approve = (world: World, who: typeof ada, digest: string) =>
  world.call<PlanAuthority>('approvals.give', who, { params: { digest }, body: { comment: 'ok' } });
const missing = async (world: World, digest: string) =>
  (await world.authority.missingFor(world.planOf(digest)))?.approvals ?? null;

test('a plan waits for distinct people who did not make it, and says who is missing', async (t) => {
  const world = await openTestAuthority(t);
  const digest = world.plan(withMin(2));
  const heard: (string | null)[] = [];
  world.authority.onChanged((plan) => heard.push(plan));

  await assert.rejects(approve(world, ada, digest), { code: 'APPROVAL_OWN_PLAN' });
  assert.deepEqual(await missing(world, digest), { required: 2, given: 0 });
  await approve(world, ben, digest);
  await assert.rejects(approve(world, ben, digest), { code: 'APPROVAL_ALREADY_GIVEN' });
  assert.deepEqual(await missing(world, digest), { required: 2, given: 1 });
  const shown = await approve(world, cai, digest);

  assert.equal(await missing(world, digest), null);
  assert.deepEqual(
    shown.approvals.map(({ person }) => person),
    ['ben', 'cai'],
  );
  assert.deepEqual([shown.author, shown.requiredBy], ['ada', 'strategy']);
  assert.deepEqual(heard, [digest, digest]);
  assert.deepEqual(
    world.audits.map(({ action, subject }) => [action, subject]),
    [
      ['plan.approved', digest],
      ['plan.approved', digest],
    ],
  );
});

test('an approval names a digest: a plan with one word changed has none', async (t) => {
  const world = await openTestAuthority(t);
  await approve(world, ben, world.plan(withMin(1)));

  const changed = world.plan({ ...withMin(1), title: 'restart nginX' });

  assert.deepEqual(await missing(world, changed), { required: 1, given: 0 });
});

test('what is taken back counts no more, and only one’s own can be', async (t) => {
  const world = await openTestAuthority(t);
  const digest = world.plan(withMin(1));
  const withdraw = (who: typeof ada) => world.call('approvals.withdraw', who, { params: { digest } });
  await approve(world, ben, digest);

  await assert.rejects(withdraw(cai), { code: 'APPROVAL_NOT_GIVEN' });
  await withdraw(ben);

  assert.deepEqual(await missing(world, digest), { required: 1, given: 0 });
});

test('an approval counts while its giver may give it, also when the right was lost since', async (t) => {
  const world = await openTestAuthority(t);
  const heard: (string | null)[] = [];
  world.authority.onChanged((plan) => heard.push(plan));
  const digest = world.plan(withMin(2));
  await approve(world, ben, digest);
  await approve(world, cai, digest);
  assert.equal(await missing(world, digest), null);

  world.limit('ben', (id) => id === hostIdOf(0));
  assert.deepEqual(await missing(world, digest), { required: 2, given: 1 });
  world.limit('cai', null);
  assert.deepEqual(await missing(world, digest), { required: 2, given: 0 });
  world.limit('ben', () => true);
  assert.deepEqual(await missing(world, digest), { required: 2, given: 1 });

  const shown = await world.call<PlanAuthority>('approvals.show', ada, { params: { digest } });
  assert.deepEqual(
    shown.approvals.map(({ person, isGood }) => [person, isGood]),
    [
      ['ben', true],
      ['cai', false],
    ],
  );
  assert.equal(shown.given, 1);
  assert.deepEqual(heard, [digest, digest, null, null, null]);
});

test('unknown, unseen and expired plans are refused, and so is whoever may not approve all of its hosts', async (t) => {
  const world = await openTestAuthority(t);
  const digest = world.plan();
  const half = personCalled('half', (id) => id === hostIdOf(0));
  const none = personCalled('none', () => false);

  await assert.rejects(approve(world, ben, 'f'.repeat(64)), { code: 'NOT_FOUND' });
  await assert.rejects(approve(world, none, digest), { code: 'NOT_FOUND' });
  await assert.rejects(approve(world, half, digest), {
    code: 'APPROVAL_FORBIDDEN',
    details: { effect: 'disruptive', count: 1, hosts: '…' },
  });
  world.clock.advance(HOUR_MS);
  await assert.rejects(approve(world, ben, digest), { code: 'PLAN_EXPIRED' });
});

test('standing rules ask for more by effect, and by whether it brings code', async (t) => {
  const world = await openTestAuthority(t);
  const set = (body: object, ifMatch?: string) =>
    world.call<{ etag: string }>('approval-rules.set', ada, { body, ...(ifMatch && { ifMatch }) });
  const strong = world.plan({}, { parameters: { unit: 'x', effect: 'destructive' } });
  const weak = world.plan();
  const code = world.plan({}, { action: 'commands.run', parameters: { unit: 'x', effect: 'read' } });
  assert.equal(await missing(world, strong), null);

  const { etag } = await set({ ...destructive, arbitrary: 1 });
  await assert.rejects(set(destructive, '0'), { code: 'EDIT_CONFLICT' });

  assert.deepEqual(await missing(world, strong), { required: 2, given: 0 });
  assert.deepEqual(await missing(world, code), { required: 1, given: 0 });
  assert.equal(await missing(world, weak), null);
  await set(destructive, etag);
  assert.equal(await missing(world, code), null);
});

test('a key is registered by whoever proves that they hold it, once', async (t) => {
  const world = await openTestAuthority(t);
  const key = newKey();
  const registered = await world.register(ben, key);
  const nonceOf = async (who: typeof ada) =>
    (await world.call<{ nonce: string }>('operator-keys.challenge', who)).nonce;
  const expiresAt = toTimestamp(world.clock.now() + HOUR_MS);
  const bring = (who: typeof ada, nonce: string, proofBy = newKey(), of = proofBy) => {
    const proof = proofBy.sign(OPERATOR_KEY_TAG + nonce).value;
    const body = { name: 'x', publicKey: of.publicKey, expiresAt, nonce, proof };
    return world.call('operator-keys.register', who, { body });
  };

  assert.equal(registered.owner, 'ben');
  await assert.rejects(world.register(cai, key), { code: 'OPERATOR_KEY_KNOWN' });
  await assert.rejects(bring(ben, 'n_made-up'), { code: 'OPERATOR_KEY_PROOF_INVALID' });
  await assert.rejects(bring(ben, await nonceOf(cai)), { code: 'OPERATOR_KEY_PROOF_INVALID' });
  await assert.rejects(bring(ben, await nonceOf(ben), newKey(), newKey()), {
    code: 'OPERATOR_KEY_PROOF_INVALID',
  });
  const late = await nonceOf(ben);
  world.clock.advance(10 * 60_000 + 1);
  await assert.rejects(bring(ben, late), { code: 'OPERATOR_KEY_PROOF_INVALID' });
});

test('signatures travel while their keys are good; foreign, expired, revoked and wrong ones are refused', async (t) => {
  const world = await openTestAuthority(t);
  const [bens, cais] = [newKey(), newKey()];
  await world.register(ben, bens);
  await world.register(cai, cais);
  const digest = world.plan({ expiresAt: toTimestamp(world.clock.now() + 60 * 86_400_000) });
  const bring = (who: typeof ada, body: object) =>
    world.call<PlanAuthority>('approvals.sign', who, { params: { digest }, body });
  const good = signPlanWith(bens, digest);

  await assert.rejects(bring(ben, signPlanWith(newKey(), digest)), { code: 'OPERATOR_KEY_UNKNOWN' });
  await assert.rejects(bring(cai, good), { code: 'OPERATOR_KEY_NOT_YOURS' });
  await assert.rejects(bring(ben, signPlanWith(bens, 'f'.repeat(64))), { code: 'SIGNATURE_INVALID' });
  await assert.rejects(bring(ben, signMandateWith(bens, digest)), { code: 'SIGNATURE_INVALID' });
  assert.equal(await world.authority.authorityOf(digest), undefined);
  await bring(ben, good);
  await bring(cai, signPlanWith(cais, digest));
  assert.deepEqual((await world.authority.authorityOf(digest))?.plan?.length, 2);

  const revoke = (who: typeof ada) =>
    world.call('operator-keys.revoke', who, { params: { keyId: cais.id }, body: { reason: 'lost' } });
  await assert.rejects(revoke(ben), { code: 'OPERATOR_KEY_NOT_YOURS' });
  await revoke(cai);
  await assert.rejects(bring(cai, signPlanWith(cais, digest)), { code: 'OPERATOR_KEY_REVOKED' });
  assert.deepEqual((await world.authority.authorityOf(digest))?.plan, [good]);
  world.clock.advance(30 * 86_400_000);
  await assert.rejects(bring(ben, good), { code: 'OPERATOR_KEY_EXPIRED' });
  assert.equal(await world.authority.authorityOf(digest), undefined);
});

const mandateOf = (world: World, changes: Partial<Mandate> = {}): string =>
  JSON.stringify({
    version: 1,
    title: 'nightly restart',
    createdBy: 'ben',
    actions: [
      {
        action: 'services.restart',
        parameters: { unit: { equals: 'nginx.service' }, effect: { equals: 'disruptive' } },
      },
    ],
    hosts: { kind: 'ids', ids: [hostIdOf(0), hostIdOf(1)] },
    usesMax: 3,
    notBefore: toTimestamp(world.clock.now()),
    expiresAt: toTimestamp(world.clock.now() + 24 * HOUR_MS),
    isBreakGlass: false,
    nonce: 'a-nonce-1',
    ...changes,
  } satisfies Mandate);

async function withMandate(t: TestContext, changes: (world: World) => Partial<Mandate> = () => ({})) {
  const world = await openTestAuthority(t);
  const key = newKey();
  await world.register(ben, key);
  const text = mandateOf(world, changes(world));
  const made = await world.call<{ id: string }>('mandates.create', ben, {
    body: { text, signature: signMandateWith(key, text) },
  });
  const use = (digest: string, who = dan) =>
    world.call<PlanAuthority>('mandates.use', who, { params: { digest }, body: { mandateId: made.id } });
  return { world, key, text, id: made.id, use };
}

test('a plan under a mandate carries it, and its signers count as people who said yes', async (t) => {
  const { world, text, id, use } = await withMandate(t);
  const digest = world.plan(withMin(1));

  assert.equal((await use(digest)).mandate?.id, id);

  assert.equal((await world.authority.authorityOf(digest))?.mandate?.text, text);
  assert.equal(await missing(world, digest), null);
  assert.deepEqual(await missing(world, world.plan({ ...withMin(1), title: 'other' })), {
    required: 1,
    given: 0,
  });
  await world.call('mandates.revoke', ben, { params: { mandateId: id } });
  assert.equal(await world.authority.authorityOf(digest), undefined);
  assert.deepEqual(await missing(world, digest), { required: 1, given: 0 });
  await assert.rejects(use(digest), { code: 'MANDATE_OVER' });
  await assert.rejects(world.authority.requireMandate(ben, id), { code: 'MANDATE_OVER' });
  await assert.rejects(world.authority.requireMandate(ben, '0'.repeat(64)), { code: 'NOT_FOUND' });
});

test('a mandate covers what it says and no more', async (t) => {
  const { world, use } = await withMandate(t);
  const other = world.plan({}, { parameters: { unit: 'sshd.service', effect: 'disruptive' } });

  await assert.rejects(use(other), { code: 'MANDATE_NOT_COVERING' });
  const later = world.plan({ expiresAt: toTimestamp(world.clock.now() + 48 * HOUR_MS) });
  world.clock.advance(25 * HOUR_MS);
  await assert.rejects(use(later), { code: 'MANDATE_OVER' });
});

test('whoever waits for a plan, or carries it out, is told when its mandate or a key that signed it is revoked', async (t) => {
  const { world, id, key, use } = await withMandate(t);
  const under = world.plan(withMin(1));
  const signed = world.plan({ ...withMin(1), title: 'signed' });
  const other = world.plan({ ...withMin(1), title: 'other' });
  await use(under);
  await world.call('approvals.sign', ben, { params: { digest: signed }, body: signPlanWith(key, signed) });
  await approve(world, cai, other);
  const heard: (string | null)[] = [];
  world.authority.onChanged((digest) => heard.push(digest));

  await world.call('operator-keys.revoke', ben, { params: { keyId: key.id }, body: { reason: 'lost' } });
  assert.deepEqual(heard.splice(0).sort(), [id, signed, under].sort());
  await world.call('mandates.revoke', ben, { params: { mandateId: id } });

  assert.deepEqual(heard, [under]);
});

test('a mandate that was revoked is not good again because its text comes once more', async (t) => {
  const { world, text, key, id } = await withMandate(t);
  await world.call('mandates.revoke', ben, { params: { mandateId: id } });

  const again = world.call('mandates.create', ben, { body: { text, signature: signMandateWith(key, text) } });

  await assert.rejects(again, { code: 'MANDATE_OVER' });
});

test('breaking the glass needs no approval and is written down as what it is', async (t) => {
  const { world, use } = await withMandate(t, () => ({ isBreakGlass: true }));
  const digest = world.plan(withMin(5));

  await use(digest);

  assert.equal(await missing(world, digest), null);
  assert.ok(world.audits.some(({ action }) => action === 'mandate.glass-broken'));
  assert.ok(world.events.some(({ type }) => type === 'mandates.glass-broken'));
});

test('a mandate that is no mandate, or is signed by somebody else’s key, is refused', async (t) => {
  const { world, text, key } = await withMandate(t);
  const create = (who: typeof ada, body: object) => world.call('mandates.create', who, { body });
  const broken = text.replace('"usesMax":3', '"usesMax":0');

  await assert.rejects(create(ben, { text: broken, signature: signMandateWith(key, broken) }), {
    code: 'MANDATE_INVALID',
  });
  await assert.rejects(create(ben, { text: '{', signature: signMandateWith(key, '{') }), {
    code: 'MANDATE_INVALID',
  });
  await assert.rejects(create(cai, { text, signature: signMandateWith(key, text) }), {
    code: 'OPERATOR_KEY_NOT_YOURS',
  });
  await assert.rejects(create(ben, { text, signature: key.sign(text) }), { code: 'SIGNATURE_INVALID' });
});

test('lists show what concerns the hosts of whoever asks, newest first, in pages', async (t) => {
  const { world } = await withMandate(t);
  const elsewhere = personCalled('else', () => false);
  const digests = [world.plan({ title: 'one' }), world.plan({ title: 'two' })];
  for (const digest of digests) {
    await approve(world, ben, digest);
    world.clock.advance(1000);
  }
  type List = { items: { planDigest: string }[]; nextCursor: string | null };
  const list = (who: typeof ada, query: object) => world.call<List>('approvals.list', who, { query });

  const first = await list(dan, { limit: 1 });
  const second = await list(dan, { limit: 1, cursor: first.nextCursor ?? '' });

  assert.deepEqual(
    [...first.items, ...second.items].map(({ planDigest }) => planDigest),
    digests.toReversed(),
  );
  assert.equal(second.nextCursor, null);
  assert.deepEqual((await list(elsewhere, {})).items, []);
  assert.equal((await world.call<List>('mandates.list', dan)).items.length, 1);
  assert.equal((await world.call<List>('operator-keys.list', dan)).items.length, 1);
});

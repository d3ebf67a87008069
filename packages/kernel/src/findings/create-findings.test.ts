import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { DAY_MS, HOUR_MS } from '@pilothouse/base';
import { type Actor, defineFinding, type Finding, toTimestamp } from '@pilothouse/contract';
import type { Store } from '@pilothouse/store';
import type { NewAuditRecord } from '../audit/service.ts';
import type { NewEvent } from '../events/service.ts';
import type { HostEntry } from '../hosts/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import { openTestContext, recordingEvents } from '../open-test-context.ts';
import { createFindings } from './create-findings.ts';
import { findingsMigrations } from './migrations.ts';

const stores: Store[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});

const text = { en: 'x', zh: 'x' };
const specs = [
  defineFinding({ kind: 'disk.full', severity: 'high', title: text, hint: text, remedy: null }),
  defineFinding({ kind: 'unit.failed', severity: 'medium', title: text, hint: text, remedy: null }),
];
const web1 = 'h_0000000000000000w1';
const web2 = 'h_0000000000000000w2';
const ada: Actor = { kind: 'user', id: 'u1', name: 'ada' };
const all = { hostIds: null };
const page = { limit: 100 };

/** Over the store of `earlier`, as after a restart, or over an empty one. */
async function open(earlier: Pick<KernelContext, 'store'> | null = null) {
  const fresh = await openTestContext([findingsMigrations]);
  stores.push(fresh.store);
  let questions = 0;
  const { store: real, clock } = { ...fresh, ...earlier };
  const store: Store = {
    engine: real.engine,
    as() {
      questions += 1;
      return real.as();
    },
    transaction: (run) => real.transaction(run),
    migrate: (sets) => real.migrate(sets),
    close: () => real.close(),
  };
  const context = { ...fresh, store };
  const events: NewEvent[] = [];
  const audited: NewAuditRecord[] = [];
  // The room reads no more of a host than that it is there.
  const index = new Map([web1, web2].map((id) => [id, { id } as HostEntry]));
  const { findings, reconcilers } = await createFindings(context, {
    specs,
    hosts: { index },
    events: recordingEvents(events),
    audit: { append: async (_, records) => void audited.push(...records) },
  });
  const only = async (): Promise<Finding> => {
    const { items } = await findings.list(all, page);
    assert.equal(items.length, 1);
    const [item] = items;
    assert.ok(item);
    return item;
  };
  const edit = (id: string, ifMatch: string | null = null) => ({ id, by: ada, requestId: 'r1', ifMatch });
  const run = async () => {
    for (const reconciler of reconcilers) await reconciler.run();
  };
  return {
    findings,
    clock,
    events,
    audited,
    only,
    edit,
    run,
    store,
    index,
    questions: () => questions,
    types: () => events.map(({ type }) => type),
  };
}

const disk = (key: string, percent = 95) => ({ key, evidence: { percent } });

test('what is seen opens, what is seen no more resolves, and what comes back is the same finding', async () => {
  const { findings, clock, only, types } = await open();

  await findings.reconcile('disk.full', web1, [disk('/var')]);
  const opened = await only();
  clock.advance(1000);
  await findings.reconcile('disk.full', web1, []);
  const resolved = await only();
  clock.advance(1000);
  await findings.reconcile('disk.full', web1, [disk('/var', 97)]);
  const again = await only();

  assert.equal(opened.state, 'open');
  assert.equal(opened.severity, 'high');
  assert.equal(resolved.state, 'resolved');
  assert.equal(resolved.resolvedAt, toTimestamp(clock.now() - 1000));
  // It is wrong since it came back: whoever asks what a change broke counts it.
  assert.equal(again.firstSeen, toTimestamp(clock.now()));
  assert.deepEqual([again.id, again.state, again.evidence], [opened.id, 'open', { percent: 97 }]);
  assert.deepEqual(types(), ['finding.opened', 'finding.resolved', 'finding.opened']);
});

test('writes nothing when nothing changed, and lets lastSeen follow in steps', async () => {
  const { findings, clock, only } = await open();
  await findings.reconcile('disk.full', web1, [disk('/var')]);
  const { etag } = await only();

  clock.advance(HOUR_MS - 1);
  await findings.reconcile('disk.full', web1, [disk('/var')]);
  const quiet = await only();
  clock.advance(1);
  await findings.reconcile('disk.full', web1, [disk('/var')]);
  const later = await only();

  assert.equal(quiet.etag, etag);
  assert.equal(later.lastSeen, toTimestamp(clock.now()));
});

test('touches no other kind and no other host', async () => {
  const { findings } = await open();
  await findings.reconcile('disk.full', web1, [disk('/var')]);
  await findings.reconcile('disk.full', web2, [disk('/var')]);
  await findings.reconcile('unit.failed', web1, [{ key: 'nginx', evidence: {} }]);

  await findings.reconcile('disk.full', web1, []);

  const { items } = await findings.list({ ...all, state: 'open' }, page);
  assert.deepEqual(
    items.map(({ kind, hostId }) => [kind, hostId]),
    [
      ['disk.full', web2],
      ['unit.failed', web1],
    ],
  );
});

test('where nothing was ever wrong the store is not asked', async () => {
  const { findings, questions } = await open();
  await findings.reconcile('disk.full', web1, [disk('/var')]);
  const before = questions();

  await findings.reconcile('disk.full', web2, []);
  await findings.reconcile('unit.failed', web1, []);

  assert.equal(questions(), before);
});

test('what was wrong before a restart, or is being written, is resolved like all else', async () => {
  const { store, findings } = await open();
  await findings.reconcile('disk.full', web1, [disk('/var')]);
  const after = await open({ store });
  await after.findings.reconcile('disk.full', web1, []);
  await store.transaction(async (transaction) => {
    await after.findings.raise(transaction, { ...disk('/srv'), kind: 'disk.full', hostId: web2 });
  });
  await after.findings.reconcile('disk.full', web2, []);

  const { items } = await after.findings.list({ ...all, state: 'open' }, page);
  assert.deepEqual(items, []);
});

test('refuses a kind that nobody declared', async () => {
  const { findings } = await open();

  await assert.rejects(findings.reconcile('moon.full', web1, []), { code: 'FINDING_KIND_UNKNOWN' });
});

test('an acknowledgement holds until its time is over, with a record of who gave it', async () => {
  const { findings, clock, only, edit, run, audited } = await open();
  await findings.reconcile('disk.full', web1, [disk('/var')]);
  const { id } = await only();

  const until = clock.now() + DAY_MS;
  await findings.acknowledge(edit(id), { reason: 'disk is on order', until });
  clock.advance(DAY_MS - 1);
  await run();
  const held = await only();
  clock.advance(1);
  await run();
  const over = await only();

  assert.equal(held.state, 'acknowledged');
  assert.equal(held.acknowledgement?.by, 'ada');
  assert.deepEqual([over.state, over.acknowledgement], ['open', null]);
  assert.deepEqual(
    audited.map(({ action, subject }) => [action, subject]),
    [['finding.acknowledged', id]],
  );
});

test('what got worse than acknowledged is open again', async () => {
  const { findings, clock, only, edit } = await open();
  await findings.reconcile('disk.full', web1, [disk('/var')]);
  await findings.acknowledge(edit((await only()).id), { reason: 'known', until: clock.now() + DAY_MS });

  await findings.reconcile('disk.full', web1, [{ ...disk('/var', 100), severity: 'critical' }]);

  assert.equal((await only()).state, 'open');
});

test('refuses to acknowledge for ever, the past, the resolved, the unknown and the changed', async () => {
  const { findings, clock, only, edit } = await open();
  await findings.reconcile('disk.full', web1, [disk('/var')]);
  const { id, etag } = await only();
  const say = (until: number) => ({ reason: 'x', until });
  const tomorrow = say(clock.now() + DAY_MS);

  const refused = (attempt: Promise<unknown>, code: string) => assert.rejects(attempt, { code });
  await refused(findings.acknowledge(edit(id), say(clock.now())), 'FINDING_UNTIL_INVALID');
  await refused(findings.acknowledge(edit(id), say(clock.now() + 400 * DAY_MS)), 'FINDING_UNTIL_INVALID');
  await refused(findings.acknowledge(edit('fnd_no'), tomorrow), 'NOT_FOUND');
  await refused(findings.unacknowledge(edit(id)), 'FINDING_NOT_ACKNOWLEDGED');
  await findings.acknowledge(edit(id, etag), tomorrow);
  await refused(findings.acknowledge(edit(id, etag), tomorrow), 'EDIT_CONFLICT');
  assert.equal((await findings.unacknowledge(edit(id))).state, 'open');
  await findings.reconcile('disk.full', web1, []);
  await refused(findings.acknowledge(edit(id), tomorrow), 'FINDING_RESOLVED');
});

test('pages go through all findings once, worst first, within the reader’s hosts', async () => {
  const { findings, store } = await open();
  await findings.reconcile(
    'unit.failed',
    web1,
    Array.from({ length: 5 }, (_, i) => ({ key: `u${i}`, evidence: {} })),
  );
  await findings.reconcile(
    'disk.full',
    web1,
    Array.from({ length: 5 }, (_, i) => disk(`/d${i}`)),
  );
  await findings.reconcile('disk.full', web2, [disk('/var')]);
  await store.transaction((transaction) =>
    findings.raise(transaction, { kind: 'disk.full', hostId: null, key: 'store', evidence: {} }),
  );

  const seen: Finding[] = [];
  let cursor: string | null | undefined;
  while (cursor !== null) {
    const next = await findings.list(
      { hostIds: new Set([web1]) },
      { limit: 3, ...(cursor ? { cursor } : {}) },
    );
    seen.push(...next.items);
    cursor = next.nextCursor;
  }

  assert.equal(new Set(seen.map(({ id }) => id)).size, 10);
  assert.deepEqual(
    seen.map(({ severity }) => severity),
    [...Array<string>(5).fill('high'), ...Array<string>(5).fill('medium')],
  );
  await assert.rejects(findings.list(all, { limit: 3, cursor: 'nonsense' }), { code: 'INVALID_REQUEST' });
});

test('a list from a moment on has what came or came back since', async () => {
  const { findings, clock } = await open();
  await findings.reconcile('disk.full', web1, [disk('/a'), disk('/b'), disk('/c')]);
  clock.advance(1000);
  await findings.reconcile('disk.full', web1, [disk('/b'), disk('/c')]);
  clock.advance(1000);
  const since = clock.now();
  await findings.reconcile('disk.full', web1, [disk('/a'), disk('/b'), disk('/c'), disk('/d')]);

  const { items } = await findings.list({ ...all, firstSeenMin: since }, page);

  assert.deepEqual(items.map(({ key }) => key).sort(), ['/a', '/d']);
});

test('resolves all of a host that is decommissioned', async () => {
  const { findings, store } = await open();
  await findings.reconcile('disk.full', web1, [disk('/a'), disk('/b')]);
  await findings.reconcile('disk.full', web2, [disk('/a')]);

  await store.transaction((transaction) => findings.resolveHost(transaction, web1, null));

  const { items } = await findings.list({ ...all, state: 'open' }, page);
  assert.deepEqual(
    items.map(({ hostId }) => hostId),
    [web2],
  );
});

test('resolves one kind alone of a host where a person says that it is over', async () => {
  const { findings, store } = await open();
  await findings.reconcile('disk.full', web1, [disk('/a')]);
  await findings.reconcile('unit.failed', web1, [{ key: 'nginx', evidence: {} }]);

  await store.transaction((transaction) => findings.resolveHost(transaction, web1, 'unit.failed'));

  const { items } = await findings.list({ ...all, state: 'open' }, page);
  assert.deepEqual(
    items.map(({ kind }) => kind),
    ['disk.full'],
  );
});

test('nothing is found on a host that was decommissioned while it was judged', async () => {
  const { findings, store, index } = await open();
  await findings.reconcile('disk.full', web1, [disk('/a')]);
  const decommissioned = store.transaction(async (transaction) => {
    await findings.resolveHost(transaction, web1, null);
    transaction.afterCommit(() => index.delete(web1));
  });

  await findings.reconcile('disk.full', web1, [disk('/a', 99), disk('/b')]);
  await decommissioned;
  await store.transaction((transaction) =>
    findings.raise(transaction, { ...disk('/c'), kind: 'disk.full', hostId: web1 }),
  );

  assert.deepEqual((await findings.list({ ...all, state: 'open' }, page)).items, []);
});

test('of one kind a host has a hundred findings, those that stand first, and as many that are over', async () => {
  const { findings } = await open();
  const units = (name: string, count: number) =>
    Array.from({ length: count }, (_, i) => ({ key: `${name}-${i}.service`, evidence: {} }));
  const keysIn = async (state: 'open' | 'resolved') =>
    (await findings.list({ ...all, state }, { limit: 1000 })).items.map(({ key }) => key);

  await findings.reconcile('unit.failed', web1, units('old', 60));
  await findings.reconcile('unit.failed', web1, [...units('new', 100), ...units('old', 60)]);
  const open100 = await keysIn('open');
  for (const name of ['a', 'b', 'c']) await findings.reconcile('unit.failed', web1, units(name, 90));
  const resolved = await keysIn('resolved');

  assert.equal(open100.length, 100);
  assert.equal(open100.filter((key) => key.startsWith('old')).length, 60);
  assert.equal(resolved.length, 100);
  assert.equal(resolved.filter((key) => key.startsWith('b')).length, 90);
});

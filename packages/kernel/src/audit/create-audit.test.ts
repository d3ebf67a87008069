import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, test } from 'node:test';
import { AuditRecord, type EnvelopeKey } from '@pilothouse/contract';
import type { Store } from '@pilothouse/store';
import { openTestContext } from '../open-test-context.ts';
import { createAudit } from './create-audit.ts';
import { auditMigrations } from './migrations.ts';
import type { NewAuditRecord } from './service.ts';
import { verifyAuditStore } from './verify-audit-store.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).toReversed()) await each();
});

const keyPair = generateKeyPairSync('ed25519');
const keyId = 'fedcba9876543210';
const raw = Buffer.from(keyPair.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64');
const publicKeys: EnvelopeKey[] = [{ id: keyId, raw }];
const signer = {
  sign: (tag: string, payload: string) => ({
    keyId,
    value: sign(null, Buffer.from(tag + payload), keyPair.privateKey).toString('base64'),
  }),
};

const record = (subject: string): NewAuditRecord => ({
  actor: { kind: 'user', id: 'u1', name: '李雷' },
  action: 'host.renamed',
  subject,
  details: { to: subject },
  requestId: 'r1',
});

async function open() {
  const directory = mkdtempSync(join(tmpdir(), 'audit-test-'));
  undo.push(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'store.db');
  const context = await openTestContext([auditMigrations], path);
  const { store } = context;
  undo.push(() => store.close());
  const { audit } = await createAudit(context, { signer });
  const append = (...subjects: string[]) =>
    store.transaction((transaction) => audit.append(transaction, subjects.map(record)));
  return { path, store, audit, append };
}

/** Somebody with a shell on the server. */
function tamper(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

const subjectsOf = (records: readonly AuditRecord[]): string[] => records.map(({ subject }) => subject);

test('records follow one another across transactions and vanish with the transaction they belong to', async () => {
  const { path, store, audit, append } = await open();

  await append('a', 'b');
  await assert.rejects(
    store.transaction(async (transaction) => {
      await audit.append(transaction, [record('never')]);
      throw new Error('changed its mind');
    }),
  );
  await append('c');

  const { items } = await audit.list({ limit: 10 });
  assert.deepEqual(subjectsOf(items), ['c', 'b', 'a']);
  const report = await verifyAuditStore({ store: { kind: 'sqlite', path }, publicKeys });
  assert.deepEqual([report.kind, report.kind === 'intact' && report.records], ['intact', 3]);
});

test('texts that a database would not give back as they were still give an intact chain', async () => {
  const { path, store, audit } = await open();
  const odd = 'half \ud800, end \0 of text';

  await store.transaction((transaction) =>
    audit.append(transaction, [
      { ...record(odd), details: { [odd]: odd, nested: [{ odd }], big: 1e21 }, requestId: odd },
      { ...record('large'), details: { output: 'x'.repeat(100_000) } },
    ]),
  );

  assert.equal((await verifyAuditStore({ store: { kind: 'sqlite', path }, publicKeys })).kind, 'intact');
  const { items } = await audit.list({ limit: 10 });
  assert.equal(items[0]?.details['isTooLarge'], true);
});

test('lists newest first in pages, by action, noun and subject', async () => {
  const { store, audit, append } = await open();
  await append('a', 'b', 'c');
  await store.transaction((transaction) =>
    audit.append(transaction, [
      { ...record('d'), action: 'user.added' },
      { ...record('a'), action: 'hosting.x' },
    ]),
  );

  const first = await audit.list({ limit: 2, action: 'host.*' });
  const second = await audit.list({ limit: 2, action: 'host.*', cursor: first.nextCursor ?? '' });
  const bySubject = await audit.list({ limit: 9, subject: 'a' });

  assert.deepEqual(subjectsOf(first.items), ['c', 'b']);
  assert.deepEqual([subjectsOf(second.items), second.nextCursor], [['a'], null]);
  assert.deepEqual(
    bySubject.items.map(({ sequence }) => sequence),
    [5, 1],
  );
  await assert.rejects(audit.list({ limit: 2, cursor: 'x' }), { code: 'INVALID_REQUEST' });
});

test('signs the end once, and of its own accord after many records', async () => {
  const { store, audit, append } = await open();
  await append('a');
  const one = await audit.checkpointNow();
  const same = await audit.checkpointNow();
  const many = Array.from({ length: 1_100 }, (_, i) => `s${i}`);

  await append(...many);
  // Transactions keep their order: this one ends after the signing that the commit before set off.
  await store.transaction(async () => {});

  assert.deepEqual(same, one);
  assert.equal(audit.latestCheckpoint?.sequence, 1_101);
});

test('exports all records, oldest first, in the form that the schema promises', async () => {
  const { audit, append } = await open();
  await append(...Array.from({ length: 1_200 }, (_, i) => `s${i}`));

  const exported: AuditRecord[] = [];
  for await (const each of audit.export({ after: 100 })) exported.push(each);

  assert.equal(exported.length, 1_100);
  assert.equal(exported[0]?.sequence, 101);
  assert.ok(exported.every((each) => AuditRecord.safeParse(each).success));
});

const crimes: readonly (readonly [string, string, number])[] = [
  ['edited', `UPDATE audit_record SET subject = 'z' WHERE sequence = 2`, 2],
  ['missing', `DELETE FROM audit_record WHERE sequence = 2`, 2],
  [
    'edited',
    `UPDATE audit_record SET sequence = 99 WHERE sequence = 2;
     UPDATE audit_record SET sequence = 2 WHERE sequence = 3;
     UPDATE audit_record SET sequence = 3 WHERE sequence = 99`,
    2,
  ],
  ['malformed', `UPDATE audit_record SET details = 'x' WHERE sequence = 3`, 3],
  ['malformed', `UPDATE audit_record SET details = x'00' WHERE sequence = 3`, 3],
  ['missing', `UPDATE audit_record SET sequence = 'abc' WHERE sequence = 4`, 4],
  ['checkpoint-forged', `UPDATE audit_checkpoint SET signature = 'AAAA'`, 4],
  ['checkpoint-forged', `UPDATE audit_checkpoint SET hash = 'AAAA'`, 4],
];

for (const [problem, sql, sequence] of crimes) {
  test(`finds in the file of a running server: ${sql.split('\n')[0]}`, async () => {
    const { path, audit, append } = await open();
    await append('a', 'b', 'c', 'd');
    await audit.checkpointNow();

    tamper(path, sql);

    assert.deepEqual(await verifyAuditStore({ store: { kind: 'sqlite', path }, publicKeys }), {
      kind: 'broken',
      sequence,
      problem,
    });
  });
}

test('a cut tail with its checkpoint is unproved without a witness and found with one', async () => {
  const { path, audit, append } = await open();
  await append('a', 'b', 'c');
  const witness = [await audit.checkpointNow()];
  const before = await verifyAuditStore({ store: { kind: 'sqlite', path }, publicKeys, witness });

  tamper(path, 'DELETE FROM audit_record WHERE sequence = 3; DELETE FROM audit_checkpoint');

  const without = await verifyAuditStore({ store: { kind: 'sqlite', path }, publicKeys });
  assert.deepEqual([before.kind, before.kind === 'intact' && before.tail], ['intact', 'proved']);
  assert.deepEqual([without.kind, without.kind === 'intact' && without.tail], ['intact', 'unproved']);
  assert.deepEqual(await verifyAuditStore({ store: { kind: 'sqlite', path }, publicKeys, witness }), {
    kind: 'broken',
    sequence: 3,
    problem: 'cut',
  });
});

test('reads a store that no server has open', async () => {
  const { path, store, append } = await open();
  await append('a');
  await (store as Store).close();

  assert.equal((await verifyAuditStore({ store: { kind: 'sqlite', path }, publicKeys })).kind, 'intact');
  await assert.rejects(verifyAuditStore({ store: { kind: 'sqlite', path: `${path}.absent` }, publicKeys }), {
    code: 'STORE_UNREADABLE',
  });
});

import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import {
  type AuditCheckpoint,
  CHECKPOINT_TAG,
  type ChainHead,
  canonicalJson,
  checkpointText,
  EMPTY_CHAIN,
  type EnvelopeKey,
  hashOfRecord,
} from '@pilothouse/contract';
import fc from 'fast-check';
import { linkRecord } from './link-record.ts';
import { type AuditRow, recordOf } from './store.ts';
import { verifyChain } from './verify-chain.ts';

const at = '2026-01-01T00:00:00.000Z';
const keyPair = generateKeyPairSync('ed25519');
const keyId = '0123456789abcdef';
const jwk = keyPair.publicKey.export({ format: 'jwk' });
const publicKeys: EnvelopeKey[] = [
  { id: keyId, raw: Buffer.from(jwk.x ?? '', 'base64url').toString('base64') },
];

function chainOf(subjects: readonly string[]): AuditRow[] {
  let head: ChainHead = EMPTY_CHAIN;
  return subjects.map((subject) => {
    const actor = { kind: 'user', id: 'u1', name: 'ada' } as const;
    const record = linkRecord(
      head,
      { actor, action: 'host.renamed', subject, details: { to: subject, n: 1 }, requestId: null },
      at,
    );
    head = record;
    const { actor: by, requestId, details, ...rest } = record;
    return {
      ...rest,
      actor_kind: by.kind,
      actor_id: by.id,
      actor_name: by.name,
      details: canonicalJson(details),
      request_id: requestId,
    };
  });
}

function checkpointAt({ sequence, hash }: ChainHead): AuditCheckpoint {
  const unsigned = { sequence, hash, at, keyId };
  const text = Buffer.from(CHECKPOINT_TAG + checkpointText(unsigned));
  return { ...unsigned, signature: sign(null, text, keyPair.privateKey).toString('base64') };
}

interface Evidence {
  checkpoints?: readonly AuditCheckpoint[];
  witness?: readonly AuditCheckpoint[];
}
const verify = (rows: readonly AuditRow[], { checkpoints = [], witness = [] }: Evidence = {}) =>
  verifyChain({ rows, checkpoints, witness, publicKeys });

const last = (rows: readonly AuditRow[]): AuditRow => {
  const row = rows.at(-1);
  assert.ok(row);
  return row;
};

const subjects = fc.array(fc.string({ unit: 'binary', maxLength: 20 }), { minLength: 2, maxLength: 12 });

/** One way of tampering with rows, as somebody with a database shell can do it; null when it changes nothing here. */
type Tampering = (rows: readonly AuditRow[], i: number, text: string) => AuditRow[] | null;

const edit =
  (
    field:
      | 'at'
      | 'actor_kind'
      | 'actor_id'
      | 'actor_name'
      | 'action'
      | 'subject'
      | 'details'
      | 'request_id'
      | 'previous'
      | 'hash',
  ): Tampering =>
  (rows, i, text) =>
    rows[i]?.[field] === text ? null : rows.map((row, k) => (k === i ? { ...row, [field]: text } : row));

const tamperings: Record<string, Tampering> = {
  at: edit('at'),
  actorKind: edit('actor_kind'),
  actorId: edit('actor_id'),
  actorName: edit('actor_name'),
  action: edit('action'),
  subject: edit('subject'),
  details: edit('details'),
  requestId: edit('request_id'),
  previous: edit('previous'),
  hash: edit('hash'),
  respaced: (rows, i) => rows.map((row, k) => (k === i ? { ...row, details: ` ${row.details}` } : row)),
  // The last one is the tail, which needs a witness.
  removed: (rows, i) => (i === rows.length - 1 ? null : rows.filter((_, k) => k !== i)),
  removedAndRenumbered: (rows, i) =>
    i === rows.length - 1
      ? null
      : rows.filter((_, k) => k !== i).map((row, k) => ({ ...row, sequence: k + 1 })),
  swapped: (rows, i) => {
    const [a, b] = [rows[i], rows[i + 1]];
    if (a === undefined || b === undefined) return null;
    return rows.map((row, k) =>
      k === i ? { ...b, sequence: a.sequence } : k === i + 1 ? { ...a, sequence: b.sequence } : row,
    );
  },
  duplicated: (rows, i) => rows.flatMap((row, k) => (k === i ? [row, row] : [row])),
  rehashed: (rows, i, text) => {
    if (i === rows.length - 1 || rows[i]?.subject === text) return null;
    return rows.map((row, k) => {
      if (k !== i) return row;
      const changed = { ...row, subject: text };
      return { ...changed, hash: hashOfRecord(recordOf(changed)) };
    });
  },
};

test('an untouched chain of any texts is intact, and its tail unproved without a witness', async () => {
  await fc.assert(
    fc.asyncProperty(subjects, async (texts) => {
      const rows = chainOf(texts);

      const report = await verify(rows, { checkpoints: [checkpointAt(last(rows))] });

      assert.equal(report.kind, 'intact');
      assert.ok(report.kind === 'intact');
      assert.deepEqual(
        [report.tail, report.provedThrough, report.signedThrough],
        ['unproved', 0, rows.length],
      );
    }),
    { numRuns: 50 },
  );
});

for (const [name, tamper] of Object.entries(tamperings)) {
  test(`finds any single record that was ${name}`, async () => {
    await fc.assert(
      fc.asyncProperty(subjects, fc.nat(), fc.string({ maxLength: 20 }), async (texts, position, text) => {
        const rows = chainOf(texts);
        const i = position % rows.length;
        const tampered = tamper(rows, i, text);
        fc.pre(tampered !== null);

        const report = await verify(tampered ?? rows);

        assert.equal(report.kind, 'broken');
        assert.ok(report.kind === 'broken' && report.sequence >= i + 1 && report.sequence <= i + 2);
      }),
      { numRuns: 60 },
    );
  });
}

test('a tail that was cut off is found by a witness, and by a checkpoint that was left', async () => {
  const rows = chainOf(['a', 'b', 'c', 'd']);
  const seen = checkpointAt(last(rows));
  const cut = rows.slice(0, 2);

  assert.equal((await verify(cut)).kind, 'intact');
  assert.deepEqual(await verify(cut, { witness: [seen] }), { kind: 'broken', sequence: 3, problem: 'cut' });
  assert.deepEqual(await verify(cut, { checkpoints: [seen] }), {
    kind: 'broken',
    sequence: 3,
    problem: 'cut',
  });
  assert.deepEqual(await verify([], { witness: [seen] }), { kind: 'broken', sequence: 1, problem: 'cut' });
});

test('a chain that was written anew is found by a witness, and by its own old checkpoints', async () => {
  const seen = checkpointAt(last(chainOf(['a', 'b', 'c'])));
  const anew = chainOf(['a', 'B', 'c']);

  assert.equal((await verify(anew)).kind, 'intact');
  assert.deepEqual(await verify(anew, { witness: [seen] }), {
    kind: 'broken',
    sequence: 3,
    problem: 'rewritten',
  });
  const own = await verify(anew, { checkpoints: [seen] });
  assert.deepEqual(own, { kind: 'broken', sequence: 3, problem: 'checkpoint-mismatch' });
});

test('a checkpoint that the server did not sign is refused', async () => {
  const anew = chainOf(['a', 'B']);
  const forged = { ...checkpointAt(last(chainOf(['a', 'b']))), hash: last(anew).hash };

  const stored = await verify(anew, { checkpoints: [forged] });
  const kept = await verify(anew, { witness: [forged] });

  assert.deepEqual(stored, { kind: 'broken', sequence: 2, problem: 'checkpoint-forged' });
  assert.deepEqual(kept, { kind: 'broken', sequence: 2, problem: 'witness-invalid' });
});

test('a witness of the newest record proves the whole chain, an older one its part', async () => {
  const rows = chainOf(['a', 'b', 'c']);
  const [first] = rows;
  assert.ok(first);

  const whole = await verify(rows, { witness: [checkpointAt(last(rows))] });
  const part = await verify(rows, { witness: [checkpointAt(first)] });

  assert.ok(whole.kind === 'intact' && part.kind === 'intact');
  assert.deepEqual([whole.tail, whole.provedThrough], ['proved', 3]);
  assert.deepEqual([part.tail, part.provedThrough], ['unproved', 1]);
});

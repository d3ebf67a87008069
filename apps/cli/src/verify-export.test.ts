import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readJsonLines } from '@pilothouse/client';
import { type AuditCheckpoint, type AuditRecord, digestOfJson } from '@pilothouse/contract';
import fc from 'fast-check';
import { verifyExport } from './verify-export.ts';

function chain(length: number): AuditRecord[] {
  const records: AuditRecord[] = [];
  let previous = '0'.repeat(64);
  for (let sequence = 1; sequence <= length; sequence++) {
    const record = {
      sequence,
      at: '2026-01-01T00:00:00.000Z',
      actor: { kind: 'user' as const, id: 'u_1', name: 'ada' },
      action: 'rollout.started',
      subject: `r_${sequence}`,
      details: { hosts: sequence },
      requestId: null,
      previous,
    };
    previous = digestOfJson(record);
    records.push({ ...record, hash: previous });
  }
  return records;
}

const verify = (records: readonly unknown[], witness: readonly AuditCheckpoint[] = []) =>
  verifyExport(
    (async function* () {
      yield* records;
    })(),
    witness,
  );

const checkpointOf = (record: AuditRecord | undefined): AuditCheckpoint => {
  assert.ok(record !== undefined);
  return { sequence: record.sequence, hash: record.hash, at: record.at, keyId: 'k', signature: 's' };
};

test('finds a whole chain intact, proved as far as the witness saw', async () => {
  const records = chain(5);

  const report = await verify(records, [checkpointOf(records[2])]);

  assert.deepEqual(report, { kind: 'intact', records: 5, hash: records[4]?.hash, provedThrough: 3 });
});

test('finds any edited, removed or swapped record', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 8 }), fc.nat(), fc.nat(2), async (length, at, way) => {
      const records = chain(length);
      const i = at % (length - 1);
      if (way === 0) records[i] = { ...(records[i] ?? assert.fail()), subject: 'r_other' };
      else if (way === 1) records.splice(i, 1);
      else records.splice(i, 2, ...records.slice(i, i + 2).reverse());

      assert.equal((await verify(records)).kind, 'broken');
    }),
  );
});

test('finds a tail that was cut off and a chain written anew only with a witness', async () => {
  const records = chain(5);
  const witness = [checkpointOf(records[4])];
  const other = [{ ...checkpointOf(records[4]), hash: 'f'.repeat(64) }];

  assert.equal((await verify(records.slice(0, 3))).kind, 'intact');
  assert.deepEqual(await verify(records.slice(0, 3), witness), {
    kind: 'broken',
    sequence: 4,
    problem: 'cut',
  });
  assert.deepEqual(await verify(records, other), { kind: 'broken', sequence: 5, problem: 'rewritten' });
});

test('a line that is no JSON at all is a fault of the log, and none of whoever reads it', async () => {
  const [first, second] = chain(2).map((record) => JSON.stringify(record));
  for (const damaged of ['', '{"sequence":', '\u0000', '<html>'])
    assert.deepEqual(
      await verifyExport(
        readJsonLines(
          (async function* () {
            yield Buffer.from(`${first}\n${damaged}x\n${second}\n`);
          })(),
        ),
        [],
      ),
      { kind: 'broken', sequence: 2, problem: 'malformed' },
    );
});

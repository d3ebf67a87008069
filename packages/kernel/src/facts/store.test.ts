import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FactReport } from '@pilothouse/contract';
import fc from 'fast-check';
import { packReport, unpackReport } from './store.ts';

const digest = 'ab'.repeat(32);
const present = (sizeBytes: number, unknownLines: number): FactReport => ({
  kind: 'present',
  fact: 'os',
  digest,
  sizeBytes,
  unknownLines,
});

test('a report is kept as it was said', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(3), (sizeBytes, unknownLines) => {
      const report = packReport(present(sizeBytes, unknownLines));
      assert.deepEqual(unpackReport({ fact: 'os', digest, report }), present(sizeBytes, unknownLines));
    }),
  );
  const absent: FactReport = { kind: 'absent', fact: 'os', reason: 'tool-missing', detail: 'rpm' };
  assert.deepEqual(unpackReport({ fact: 'os', digest: null, report: packReport(absent) }), absent);
});

test('what an earlier version has kept is read as it was said', () => {
  const report = '{"sizeBytes":123,"unknownLines":4}';
  assert.deepEqual(unpackReport({ fact: 'os', digest, report }), present(123, 4));
});

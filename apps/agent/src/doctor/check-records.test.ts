import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { toTimestamp } from '@pilothouse/contract';
import { type DataDirectory, openDataDirectory } from '../data-directory.ts';
import { Journal } from '../journal/journal.ts';
import { recordsIn } from '../journal/undo-records.ts';
import { checkRecords } from './check-records.ts';

const NOW = Date.parse('2026-01-01T00:00:00.000Z');
const expiresAt = toTimestamp(NOW + 86_400_000);
let data: DataDirectory;
beforeEach(() => {
  data = openDataDirectory(mkdtempSync(join(tmpdir(), 'doctor-')));
});
afterEach(() => rmSync(data.path, { recursive: true }));

const said = (): string[] => checkRecords(data).map(({ state, code }) => `${state} ${code}`);

function journalOf(tasks: number): void {
  const journal = Journal.open(data.journal);
  for (let n = 0; n < tasks; n++) {
    const place = { taskId: `t_${n}`, attempt: 1, planDigest: 'a'.repeat(64), stepIndex: n };
    journal.started({ ...place, at: toTimestamp(NOW), isDryRun: false, serverTimeMs: NOW, expiresAt });
  }
  journal.close();
}

/** What a bad disk does to one byte. */
function spoil(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

test('before the first start there is nothing to be damaged', () => {
  assert.deepEqual(said(), ['ok undo']);
});

test('counts what the journal holds', () => {
  journalOf(3);

  assert.deepEqual(checkRecords(data)[0]?.details, { open: 3, waiting: 0, ledger: 3 });
});

test('a last record that a power cut tore is no damage, and a byte in the middle is', () => {
  journalOf(3);
  const end = readFileSync(data.journal).indexOf(0);
  const whole = readFileSync(data.journal);
  spoil(data.journal, end - 5);
  assert.deepEqual(said(), ['ok journal', 'warning journalTorn', 'ok undo']);

  writeFileSync(data.journal, whole);
  spoil(data.journal, 20);
  assert.deepEqual(said(), ['problem journalDamaged', 'ok undo']);
});

test('says what undo records take, and which plan’s are damaged', () => {
  const undo = recordsIn(data.undo);
  const place = (plan: string) => ({ planDigest: plan.repeat(64), stepIndex: 0, attempt: 1 });
  for (const plan of ['a', 'b']) {
    undo.begin({ ...place(plan), planExpiresAt: expiresAt });
    undo.record({ ...place(plan), actionIndex: 0, action: 'files.manage', record: { path: '/etc/x' } });
  }
  mkdirSync(join(data.undo, 'not-a-log'));
  spoil(join(data.undo, `${'b'.repeat(64)}.undo`), 30);

  const [use, ...rest] = checkRecords(data);

  assert.equal(use?.details['plans'], 2);
  assert.deepEqual(
    rest.map(({ code, details }) => [code, details['plan']]),
    [['undoDamaged', 'b'.repeat(64)]],
  );
});

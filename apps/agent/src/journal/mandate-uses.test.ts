import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type TaskOutcome, toTimestamp } from '@pilothouse/contract';
import fc from 'fast-check';
import { Journal } from './journal.ts';
import type { GrantedBy } from './journal-record.ts';

const NOW = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;
const at = toTimestamp(NOW);
const mandate = { digest: 'd'.repeat(64), expiresAt: toTimestamp(NOW + 30 * DAY_MS) };
const success: TaskOutcome = {
  kind: 'succeeded',
  exitCode: 0,
  signal: null,
  startedAt: at,
  endedAt: at,
  output: null,
  error: null,
  result: null,
};
const startOf = (n: number, granted: GrantedBy, expiresAtMs = NOW + DAY_MS) => ({
  taskId: `t_${n}`,
  attempt: 1,
  planDigest: String(n).padStart(64, '0'),
  stepIndex: 0,
  at,
  isDryRun: false,
  serverTimeMs: NOW,
  expiresAt: toTimestamp(expiresAtMs),
  granted,
});
const byMandate: GrantedBy = { by: 'mandate', keys: ['0123456789abcdef'], mandate };

function withJournal(run: (path: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'uses-'));
  try {
    run(join(directory, 'journal'));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Fills the journal until it compacts, with tasks of no mandate that are over at once. */
function compact(journal: Journal, nowMs: number): void {
  for (let n = 1000; n < 1060; n++) {
    assert.ok(journal.hasRoom(nowMs));
    journal.started(startOf(n, { by: 'server', keys: [] }, NOW - 1));
    journal.ended(startOf(n, byMandate), { ...success, result: { padding: 'x'.repeat(20_000) } });
    journal.saved(startOf(n, byMandate));
  }
}

test('every start under a mandate is one use, however often the journal is opened and compacted', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('use', 'open-use', 'reopen', 'compact'), { maxLength: 12 }),
      (steps) => {
        withJournal((path) => {
          let journal = Journal.open(path);
          let uses = 0;
          for (const step of steps) {
            if (step === 'use' || step === 'open-use') {
              uses += 1;
              journal.started(startOf(uses, byMandate));
              journal.ended(startOf(uses, byMandate), success);
              // An unacknowledged start is written again when the journal is compacted, and must not count again.
              if (step === 'use') journal.saved(startOf(uses, byMandate));
            } else if (step === 'reopen') {
              journal.close();
              journal = Journal.open(path);
            } else compact(journal, NOW);

            assert.equal(journal.usesOf(mandate.digest), uses);
          }
          journal.close();
        });
      },
    ),
    { numRuns: 8 },
  );
});

test('uses are forgotten when the mandate is over, and time cannot go back before that', () => {
  withJournal((path) => {
    const journal = Journal.open(path);
    journal.started(startOf(1, byMandate));
    journal.ended(startOf(1, byMandate), success);
    journal.saved(startOf(1, byMandate));
    compact(journal, NOW + 31 * DAY_MS);
    journal.close();

    const again = Journal.open(path);

    assert.equal(again.usesOf(mandate.digest), 0);
    assert.ok((again.serverTimeFloorMs ?? 0) > NOW + 30 * DAY_MS);
    again.close();
  });
});

test('a dry run is no use, and what ran is known with whoever granted it', () => {
  withJournal((path) => {
    const journal = Journal.open(path);
    journal.started({ ...startOf(1, byMandate), isDryRun: true });
    journal.started(startOf(2, { by: 'undo', keys: [], undoOf: 'e'.repeat(64) }));
    journal.close();

    const again = Journal.open(path);

    assert.equal(again.usesOf(mandate.digest), 0);
    assert.equal(again.ranPlan(startOf(1, byMandate).planDigest), null);
    assert.equal(again.ranPlan(startOf(2, byMandate).planDigest)?.granted?.by, 'undo');
    assert.ok(again.wasUndone('e'.repeat(64)));
    again.close();
  });
});

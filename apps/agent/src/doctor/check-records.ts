import { readFileSync } from 'node:fs';
import { errorCode } from '@pilothouse/base';
import type { DataDirectory } from '../data-directory.ts';
import { replayJournal } from '../journal/replay-journal.ts';
import { recordsIn, UNDO_LIMITS } from '../journal/undo-records.ts';
import { toMib } from './check-data-directory.ts';
import { type DoctorFinding, ok, problem, warning } from './finding.ts';

const NEW_LINE = 10;
/** Above it the oldest records will soon have to go, or a change be refused. */
const UNDO_FULL_SHARE = 0.9;

/** What this host remembers of what it did, read as the agent itself reads it, and what it could take back. */
export const checkRecords = (data: DataDirectory): DoctorFinding[] => [
  ...checkJournal(data.journal),
  ...checkUndo(data.undo),
];

function checkJournal(path: string): DoctorFinding[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    // The first start makes it.
    if (errorCode(cause) === 'ENOENT') return [];
    return [problem('journalUnreadable', { path, reason: errorCode(cause) ?? String(cause) })];
  }
  const { tasks, ledger, length } = replayJournal(bytes);
  const open = [...tasks.values()].filter(({ outcome }) => outcome === null).length;
  const counts = { open, waiting: tasks.size - open, ledger: ledger.size };
  // Blocks that were never written hold zeros. One record can be cut off by a power cut; more are lost by damage alone.
  const rest = bytes.subarray(length);
  const linesLost = countOf(rest, NEW_LINE);
  if (linesLost > 1) return [problem('journalDamaged', { path, count: linesLost })];
  const isTorn = rest.some((byte) => byte !== 0);
  return [ok('journal', counts), ...(isTorn ? [warning('journalTorn', { path })] : [])];
}

const countOf = (bytes: Buffer, wanted: number): number => {
  let count = 0;
  for (const byte of bytes) if (byte === wanted) count += 1;
  return count;
};

function checkUndo(directory: string): DoctorFinding[] {
  const undo = recordsIn(directory);
  const { plans, bytes } = undo.usage();
  const damaged = undo.planDigests().filter((digest) => undo.of(digest)?.isSound === false);
  const details = { plans, mib: toMib(bytes), mibMax: toMib(UNDO_LIMITS.bytesMax) };
  const isFull = bytes > UNDO_LIMITS.bytesMax * UNDO_FULL_SHARE;
  return [
    isFull ? warning('undoFull', details) : ok('undo', details),
    ...damaged.map((plan) => problem('undoDamaged', { plan, path: directory })),
  ];
}

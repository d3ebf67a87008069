import { absurd } from '@pilothouse/base';
import type { TaskOutcome } from '@pilothouse/contract';
import { decodeRecord, type JournalRecord, type StartedRecord } from './journal-record.ts';

export interface JournalTask {
  readonly started: StartedRecord;
  readonly outcome: TaskOutcome | null;
}

/** The highest attempt of a step that began here. */
export interface LedgerEntry {
  readonly taskId: string;
  readonly attempt: number;
  readonly planDigest: string;
  readonly stepIndex: number;
  readonly expiresAtMs: number;
}

/** What the journal says: tasks the server has not acknowledged, and every step that ever ran here and is not expired. */
export interface JournalState {
  readonly tasks: ReadonlyMap<string, JournalTask>;
  readonly ledger: ReadonlyMap<string, LedgerEntry>;
  /** The latest signed server time that any record knew; null when none did. */
  readonly serverTimeMs: number | null;
  /** Length of the part that was understood; what follows is torn and is written over. */
  readonly length: number;
}

export const taskKey = (task: { taskId: string; attempt: number }): string =>
  `${task.taskId}#${task.attempt}`;

/** A step is named by its plan and its place in it; the ledger keeps its highest attempt. */
export const stepKey = (step: { planDigest: string; stepIndex: number }): string =>
  `${step.planDigest}/${step.stepIndex}`;

/**
 * Reads a journal from the start to the first line that is torn. Whatever was cut off, this never invents an outcome
 * and never forgets a step that started: a cut can only lose the end, and an end that is lost is an unknown one.
 */
export function replayJournal(bytes: Buffer): JournalState {
  const state = {
    tasks: new Map<string, JournalTask>(),
    ledger: new Map<string, LedgerEntry>(),
    serverTimeMs: null as number | null,
    length: 0,
  };
  while (state.length < bytes.length) {
    const end = bytes.indexOf(10, state.length);
    if (end === -1) break;
    const record = decodeRecord(bytes.toString('utf8', state.length, end));
    if (record === null) break;
    applyRecord(record, state);
    state.length = end + 1;
  }
  return state;
}

interface Replayed {
  readonly tasks: Map<string, JournalTask>;
  readonly ledger: Map<string, LedgerEntry>;
  serverTimeMs: number | null;
}

export function applyRecord(record: JournalRecord, state: Replayed): void {
  const { tasks, ledger } = state;
  switch (record.kind) {
    case 'started':
      tasks.set(taskKey(record), { started: record, outcome: null });
      noteTime(state, record.serverTimeMs);
      if (!record.isDryRun) noteRun(ledger, record);
      return;
    case 'ended': {
      const task = tasks.get(taskKey(record));
      if (task !== undefined) tasks.set(taskKey(record), { ...task, outcome: record.outcome });
      return;
    }
    case 'saved':
      tasks.delete(taskKey(record));
      return;
    case 'ran':
      return noteRun(ledger, record);
    case 'time':
      return noteTime(state, record.serverTimeMs);
    default:
      return absurd(record);
  }
}

function noteRun(
  ledger: Map<string, LedgerEntry>,
  record: Omit<LedgerEntry, 'expiresAtMs'> & { readonly expiresAt: string },
): void {
  const known = ledger.get(stepKey(record));
  if (known !== undefined && known.attempt > record.attempt) return;
  const { taskId, attempt, planDigest, stepIndex, expiresAt } = record;
  ledger.set(stepKey(record), { taskId, attempt, planDigest, stepIndex, expiresAtMs: Date.parse(expiresAt) });
}

function noteTime(state: Replayed, serverTimeMs: number): void {
  state.serverTimeMs = Math.max(state.serverTimeMs ?? 0, serverTimeMs);
}

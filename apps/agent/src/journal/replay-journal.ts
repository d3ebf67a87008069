import type { TaskOutcome } from '@pilothouse/contract';
import { decodeRecord, type JournalRecord, type StartedRecord } from './journal-record.ts';

export interface JournalTask {
  readonly started: StartedRecord;
  readonly outcome: TaskOutcome | null;
}

/** What the journal says: tasks the server has not acknowledged, and every step that ever ran here and is not expired. */
export interface JournalState {
  readonly tasks: ReadonlyMap<string, JournalTask>;
  readonly ledger: ReadonlyMap<string, { taskId: string; attempt: number; expiresAtMs: number }>;
  /** Length of the part that was understood; what follows is torn and is written over. */
  readonly length: number;
}

export const taskKey = (task: { taskId: string; attempt: number }): string =>
  `${task.taskId}#${task.attempt}`;

/** A step is named by its plan and place; attempts are counted apart, because only a person or a policy makes one. */
export const stepKey = (step: { planDigest: string; stepIndex: number; attempt: number }): string =>
  `${step.planDigest}/${step.stepIndex}#${step.attempt}`;

/**
 * Reads a journal from the start to the first line that is torn. Whatever was cut off, this never invents an outcome
 * and never forgets a step that started: a cut can only lose the end, and an end that is lost is an unknown one.
 */
export function replayJournal(bytes: Buffer): JournalState {
  const tasks = new Map<string, JournalTask>();
  const ledger = new Map<string, { taskId: string; attempt: number; expiresAtMs: number }>();
  let length = 0;
  while (length < bytes.length) {
    const end = bytes.indexOf(10, length);
    if (end === -1) break;
    const record = decodeRecord(bytes.toString('utf8', length, end));
    if (record === null) break;
    applyRecord(record, tasks, ledger);
    length = end + 1;
  }
  return { tasks, ledger, length };
}

function applyRecord(
  record: JournalRecord,
  tasks: Map<string, JournalTask>,
  ledger: Map<string, { taskId: string; attempt: number; expiresAtMs: number }>,
): void {
  const key = taskKey(record);
  switch (record.kind) {
    case 'started':
      tasks.set(key, { started: record, outcome: null });
      ledger.set(stepKey(record), ledgerEntry(record));
      return;
    case 'ended': {
      const task = tasks.get(key);
      if (task !== undefined) tasks.set(key, { ...task, outcome: record.outcome });
      return;
    }
    case 'saved':
      tasks.delete(key);
      return;
    case 'ran':
      ledger.set(stepKey(record), ledgerEntry(record));
      return;
  }
}

const ledgerEntry = (record: { taskId: string; attempt: number; expiresAt: string }) => ({
  taskId: record.taskId,
  attempt: record.attempt,
  expiresAtMs: Date.parse(record.expiresAt),
});

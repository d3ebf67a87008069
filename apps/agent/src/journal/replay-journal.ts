import { absurd } from '@pilothouse/base';
import type { ActionOutcome, TaskOutcome } from '@pilothouse/contract';
import { decodeRecord, type GrantedBy, type JournalRecord, type StartedRecord } from './journal-record.ts';
import type { TaskStage } from './task-stage.ts';

export interface JournalTask {
  readonly started: StartedRecord;
  readonly outcome: TaskOutcome | null;
  /** Those of a step of several that have ended, in order. */
  readonly actions: readonly ActionOutcome[];
  readonly stage: TaskStage | null;
}

/** The highest attempt of a step that began here. */
export interface LedgerEntry {
  readonly taskId: string;
  readonly attempt: number;
  readonly planDigest: string;
  readonly stepIndex: number;
  readonly expiresAtMs: number;
  readonly granted?: GrantedBy | undefined;
}

/** How often a mandate was used on this host. */
export interface MandateUses {
  readonly count: number;
  readonly expiresAtMs: number;
}

/** What the journal says: tasks the server has not acknowledged, and every step that ever ran here and is not expired. */
export interface JournalState {
  readonly tasks: ReadonlyMap<string, JournalTask>;
  readonly ledger: ReadonlyMap<string, LedgerEntry>;
  /** By the digest of the mandate. */
  readonly uses: ReadonlyMap<string, MandateUses>;
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
    uses: new Map<string, MandateUses>(),
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
  readonly uses: Map<string, MandateUses>;
  serverTimeMs: number | null;
}

export function applyRecord(record: JournalRecord, state: Replayed): void {
  const { tasks, ledger } = state;
  switch (record.kind) {
    case 'started':
      tasks.set(taskKey(record), { started: record, outcome: null, actions: [], stage: null });
      noteTime(state, record.serverTimeMs);
      if (record.isDryRun) return;
      noteRun(ledger, record);
      return noteUse(state.uses, record.granted);
    case 'action-ended':
      return alter(tasks, record, (task) => ({
        ...task,
        actions: [...task.actions, record.outcome],
        stage: null,
      }));
    case 'stage':
      return alter(tasks, record, (task) => ({ ...task, stage: record.stage }));
    case 'ended':
      return alter(tasks, record, (task) => ({ ...task, outcome: record.outcome, stage: null }));
    case 'saved':
      tasks.delete(taskKey(record));
      return;
    case 'ran':
      return noteRun(ledger, record);
    case 'uses': {
      const { mandate, count, expiresAt } = record;
      state.uses.set(mandate, { count, expiresAtMs: Date.parse(expiresAt) });
      return;
    }
    case 'time':
      return noteTime(state, record.serverTimeMs);
    default:
      return absurd(record);
  }
}

function alter(
  tasks: Map<string, JournalTask>,
  name: { taskId: string; attempt: number },
  change: (task: JournalTask) => JournalTask,
): void {
  const task = tasks.get(taskKey(name));
  if (task !== undefined) tasks.set(taskKey(name), change(task));
}

function noteRun(
  ledger: Map<string, LedgerEntry>,
  record: Omit<LedgerEntry, 'expiresAtMs'> & { readonly expiresAt: string },
): void {
  const known = ledger.get(stepKey(record));
  if (known !== undefined && known.attempt > record.attempt) return;
  const { taskId, attempt, planDigest, stepIndex, expiresAt, granted } = record;
  const expiresAtMs = Date.parse(expiresAt);
  ledger.set(stepKey(record), { taskId, attempt, planDigest, stepIndex, expiresAtMs, granted });
}

function noteUse(uses: Map<string, MandateUses>, granted: GrantedBy | undefined): void {
  if (granted?.mandate === undefined) return;
  const { digest, expiresAt } = granted.mandate;
  uses.set(digest, { count: (uses.get(digest)?.count ?? 0) + 1, expiresAtMs: Date.parse(expiresAt) });
}

function noteTime(state: Replayed, serverTimeMs: number): void {
  state.serverTimeMs = Math.max(state.serverTimeMs ?? 0, serverTimeMs);
}

import type { Clock } from '@pilothouse/base';
import type { HistoryFile } from '../journal/history-file.ts';
import type { Journal } from '../journal/journal.ts';
import type { UndoRecords } from '../journal/undo-records.ts';
import type { AgentLog } from '../log.ts';
import type { Gatekeeper } from '../policy/gatekeeper.ts';
import type { OutgoingFrame } from '../session/session-frames.ts';
import type { ActionRegistry } from './action-registry.ts';
import type { OutcomeDesk } from './outcome-desk.ts';
import type { OutputBodies } from './output-bodies.ts';
import type { ServerTime } from './server-time.ts';
import type { SessionWatch } from './step-run.ts';
import type { TaskFiles } from './task-files.ts';

/** The agent around its tasks. */
export interface TaskWorld {
  readonly journal: Journal;
  readonly history: HistoryFile;
  readonly undo: UndoRecords;
  readonly bodies: OutputBodies;
  readonly registry: ActionRegistry;
  readonly gatekeeper: Gatekeeper;
  readonly clock: Clock;
  readonly log: AgentLog;
  readonly isRoot: boolean;
  /** Of the boot that this process runs in; empty where the host has none. */
  readonly bootId: string;
  /** Whether programs get a transient systemd scope of their own. */
  readonly hasScopes: boolean;
  readonly serverTime: ServerTime;
  readonly session: SessionWatch;
  readonly files: TaskFiles;
  readonly desk: OutcomeDesk;
  /** Aborted when this process ends in good order. */
  readonly parked: AbortSignal;
  /** Dropped when there is no session: whatever must arrive is sent again by the desk. */
  readonly send: (frame: OutgoingFrame) => boolean;
  /** Facts that a task has changed are collected anew. */
  readonly collectAgain: (facts: readonly string[]) => void;
}

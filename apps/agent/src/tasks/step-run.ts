import type { ActionContext } from '@pilothouse/agent-kit';
import type { Clock } from '@pilothouse/base';
import type { ActionOutcome, EnvelopePayload } from '@pilothouse/contract';
import type { TaskStage } from '../journal/task-stage.ts';
import type { UndoRecords } from '../journal/undo-records.ts';
import type { ActionRegistry } from './action-registry.ts';

/** What a step that is being carried out needs of the agent around it. */
export interface StepRun {
  readonly payload: EnvelopePayload;
  readonly registry: ActionRegistry;
  readonly scratchParent: string;
  /** For pipes of the programs; outlives the scratch directory. */
  readonly directory: string;
  readonly hasScopes: boolean;
  readonly isRoot: boolean;
  readonly signal: AbortSignal;
  readonly onOutput: (stream: 'stdout' | 'stderr', piece: Buffer) => void;
  readonly onCrash: (action: string, cause: unknown) => void;
  readonly undo: UndoRecords;
  readonly stages: StepStages;
  /** An action of a step of several has ended: durable on return. */
  readonly noteAction: (outcome: ActionOutcome) => void;
}

/** How actions with stages reach journal, clock, boot and session. */
export interface StepStages {
  readonly clock: Clock;
  readonly bootId: string;
  /** Durable on return, with all that it takes to go on in another process. */
  enter(stage: TaskStage): void;
  leave(): void;
  /** The time limit of the task; a stage has one of its own instead. */
  pauseTimer(): void;
  restartTimer(): void;
  readonly session: SessionWatch;
  /** The server's time in milliseconds, as well as it is known. */
  serverNowMs(): number;
  /** Aborted when this process ends in good order: what waits in a stage is then left to the next one. */
  readonly parked: AbortSignal;
}

/** The sessions with the server, as stages look at them: counted, so that none is missed by who asks a moment later. */
export interface SessionWatch {
  /** Ends the session that is open, if one is; the agent opens another as always. Returns how many there were. */
  drop(): number;
  /** Resolves when this process has opened more sessions than so many. */
  openedAfter(count: number, signal: AbortSignal): Promise<void>;
  /**
   * The server's clock as its latest welcome said it; null before the first. Not signed, and exact: signed statements are up
   * to a minute old, and here nobody gains by a wrong one.
   */
  serverNowMs(): number | null;
}

/** Where a step goes on that an earlier process began. */
export interface StepResume {
  readonly ended: readonly ActionOutcome[];
  readonly stage: TaskStage;
}

/** The name of a task towards process trees and file systems. */
export const safeTaskId = ({ taskId, attempt }: { taskId: string; attempt: number }): string =>
  `${taskId}-${attempt}`.replace(/[^a-zA-Z0-9_-]/g, '-');

export type StageHook = ActionContext['expectReboot'];

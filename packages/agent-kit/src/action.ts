import type { ActionSpec, ErrorDetails, JsonObject, Message } from '@pilothouse/contract';
import type { z } from 'zod';

/** How an execution ended, before the journal adds times and the output's digest. */
export type ActionEnd =
  | { readonly kind: 'succeeded'; readonly exitCode?: number; readonly result?: JsonObject }
  | {
      readonly kind: 'failed' | 'timed-out' | 'cancelled';
      readonly exitCode?: number | null;
      readonly signal?: string | null;
      /** What it had come to all the same, as when only the probes after it failed. */
      readonly result?: JsonObject;
      readonly error: { readonly code: string; readonly details: ErrorDetails };
    };

export interface ProcessRequest {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly directory?: string;
  /** Login name; the agent must be root to use any but its own. */
  readonly user?: string;
  /** Written to stdin, then closed. Stdin is closed at once when absent. */
  readonly input?: string;
}

export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Set when it could not start, ran out of time or was cancelled. */
  readonly ended: 'by-itself' | 'timed-out' | 'cancelled' | 'not-started';
  /** The system's word for why it did not start: ENOENT, EACCES. */
  readonly startError: string | null;
}

/** What an action may use while it runs. Everything it starts belongs to the task's own process group and scope. */
export interface ActionContext {
  readonly taskId: string;
  /** Aborted by a cancel or at the time limit. */
  readonly signal: AbortSignal;
  /** A directory of the task's own, removed afterwards. */
  readonly scratch: string;
  readonly isRoot: boolean;
  /** Names this execution of this action over all hosts and times; undo records are kept under it. */
  readonly planDigest: string;
  print(stream: 'stdout' | 'stderr', text: string): void;
  /** Streams the process's output into the task's own; ends its whole tree with the task. */
  run(request: ProcessRequest): Promise<ProcessEnd>;
  /**
   * Written durably before anything is changed; what `undo` restores from. An action may record several times; `undo`
   * is called once for each record, the newest first. Rejects when the record cannot be kept: then nothing may be changed.
   * Not in a dry run.
   */
  recordUndo(record: JsonObject): Promise<void>;
  /**
   * The task goes on after a reboot: written durably. The action then asks the system for the reboot and returns as
   * succeeded; the agent waits. When the host is up again under another boot id and has a session, `afterBoot` judges;
   * without a boot, or with a session later than `withinMs` after this call, the action has failed. An action that could
   * not ask for the reboot returns as failed, and the task goes on without one. `state` is at most 4 KiB of JSON.
   */
  expectReboot(stage: { readonly withinMs: number; readonly state: JsonObject }): Promise<void>;
}

/** A boot that an action asked for has happened. */
export interface BootReport {
  /** What `expectReboot` was given. */
  readonly state: JsonObject;
  readonly bootIdBefore: string;
  readonly bootIdNow: string;
}

/** The behaviour of an action on a host. `dryRun` changes nothing and says what `run` would do. */
export interface AgentAction<P extends z.ZodType = z.ZodType> {
  readonly spec: ActionSpec<P>;
  /** Null when this host can carry it out; otherwise why not, for a person. */
  available(host: { readonly isRoot: boolean }): Message | null;
  dryRun(parameters: z.output<P>, context: ActionContext): Promise<ActionEnd>;
  /**
   * A `result` with `changed: boolean` tells whether anything was changed, which `when: changed` and people read; one
   * with `changes`, an array of what was (or in a dry run: would be) changed, lets predictions be held to outcomes.
   */
  run(parameters: z.output<P>, context: ActionContext): Promise<ActionEnd>;
  /**
   * Restores what one record says, by the record alone; harmless when it is restored already, as after a crash between
   * the two. For actions whose spec says `recorded`. Where the spec has `confirmWithinMs`, the agent also calls it by itself.
   */
  undo?(record: JsonObject, context: ActionContext): Promise<ActionEnd>;
  /** For actions that call `expectReboot`. Called again when the agent ends before its answer is written. */
  afterBoot?(parameters: z.output<P>, report: BootReport, context: ActionContext): Promise<ActionEnd>;
}

/** `available` of an action that root alone can carry out; the reason is the one that its spec gives. */
export const onlyRoot =
  ({ withoutRoot }: Pick<ActionSpec, 'withoutRoot'>): AgentAction['available'] =>
  ({ isRoot }) =>
    isRoot ? null : (withoutRoot ?? { en: 'only root may do this', zh: '只有 root 可以执行' });

export const defineAgentAction = <P extends z.ZodType>(action: AgentAction<P>): AgentAction<P> => action;

/**
 * Every outcome that the server has not acknowledged: those of the journal, and those of offers that never started, which
 * are lost with the process because the server then offers again. Said when they arise and again after each reconnect.
 */
import { OUTPUT_INLINE_BYTES_MAX, type TaskOutcome } from '@pilothouse/contract';
import type { JournalEntry } from '@pilothouse/wire';
import type { HistoryFile } from '../journal/history-file.ts';
import type { Journal } from '../journal/journal.ts';
import { taskKey } from '../journal/replay-journal.ts';
import type { AgentLog } from '../log.ts';
import type { OutgoingFrame } from '../session/session-frames.ts';
import type { OutputBodies } from './output-bodies.ts';
import { inlineOf, type NamedOutput } from './task-outcome.ts';

/** Outcomes of offers that never started. Beyond it they are said once and not again. */
const UNSTARTED_MAX = 256;

interface TaskName {
  readonly taskId: string;
  readonly attempt: number;
}

export interface OutcomeDesk {
  /** Writes the end of a task that had started, then says it. */
  ended(task: TaskName, outcome: TaskOutcome, output: NamedOutput | null): void;
  /** The end of an offer that never started. */
  unstarted(task: TaskName, outcome: TaskOutcome): void;
  saved(task: TaskName): void;
  isKnown(key: string): boolean;
  /** Says the outcome under this key once more, if there is one. */
  repeat(key: string): void;
  repeatAll(): void;
  entries(): JournalEntry[];
}

export function createOutcomeDesk(deps: {
  readonly journal: Journal;
  readonly history: HistoryFile;
  readonly bodies: OutputBodies;
  readonly log: AgentLog;
  /** Dropped when there is no session. */
  readonly send: (frame: OutgoingFrame) => boolean;
}): OutcomeDesk {
  const { journal, history, bodies, log, send } = deps;
  const unstarted = new Map<string, TaskName & { readonly outcome: TaskOutcome }>();

  function repeat(key: string): void {
    const kept = unstarted.get(key);
    if (kept !== undefined) return void send({ kind: 'outcome', ...kept, outputInline: null });
    const known = journal.tasks.get(key);
    if (known === undefined || known.outcome === null) return;
    const { started, outcome } = known;
    const body = outcome.output === null ? null : bodies.get(outcome.output.digest);
    const isSmall = body !== null && body.length <= OUTPUT_INLINE_BYTES_MAX;
    const { taskId, attempt } = started;
    const outputInline = isSmall ? body.toString('utf8') : null;
    send({ kind: 'outcome', taskId, attempt, outcome, outputInline });
  }

  return {
    ended({ taskId, attempt }, outcome, output) {
      if (!journal.ended({ taskId, attempt }, outcome))
        log.error('an outcome could not be written', { taskId });
      history.ended({ taskId, attempt }, outcome);
      send({ kind: 'outcome', taskId, attempt, outcome, outputInline: inlineOf(output) });
    },
    unstarted({ taskId, attempt }, outcome) {
      const kept = { taskId, attempt, outcome };
      if (unstarted.size < UNSTARTED_MAX) unstarted.set(taskKey(kept), kept);
      send({ kind: 'outcome', ...kept, outputInline: null });
    },
    saved(task) {
      unstarted.delete(taskKey(task));
      const digest = journal.tasks.get(taskKey(task))?.outcome?.output?.digest;
      // A large body may still be asked for; one that travelled with its outcome will not.
      if (digest !== undefined) bodies.removeSmall(digest, OUTPUT_INLINE_BYTES_MAX);
      journal.saved(task);
    },
    isKnown: (key) => unstarted.has(key) || journal.tasks.has(key),
    repeat,
    repeatAll() {
      for (const [key, { outcome }] of journal.tasks) if (outcome !== null) repeat(key);
      for (const key of unstarted.keys()) repeat(key);
    },
    entries: () => [
      ...[...journal.tasks.values()].map(({ started, outcome }) => ({
        taskId: started.taskId,
        attempt: started.attempt,
        state: outcome === null ? ('started' as const) : ('ended' as const),
      })),
      ...[...unstarted.values()].map(({ taskId, attempt }) => ({ taskId, attempt, state: 'ended' as const })),
    ],
  };
}

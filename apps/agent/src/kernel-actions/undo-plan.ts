import { type ActionEnd, type AgentAction, defineAgentAction } from '@pilothouse/agent-kit';
import { type Message, undoAction } from '@pilothouse/contract';
import type { UndoBook } from '../journal/undo-log.ts';
import type { UndoRecords } from '../journal/undo-records.ts';
import type { ActionRegistry } from '../tasks/action-registry.ts';
import { isOpen, restoreRecords } from '../tasks/restore-records.ts';

/** Restores what a plan recorded on this host, newest first. Without sound records it touches nothing. */
export const createUndoPlan = (deps: {
  readonly undo: UndoRecords;
  readonly registry: () => ActionRegistry;
}): AgentAction<typeof undoAction.parameters> =>
  defineAgentAction({
    spec: undoAction,
    available: () => null,
    async dryRun({ planDigest }, context) {
      const book = deps.undo.of(planDigest);
      const missing = missingIn(book);
      if (missing !== null || book === null) return missing ?? MISSING;
      const changes = changesOf(book);
      const unknown = changes.find((name) => deps.registry().offered.get(name)?.action.undo === undefined);
      if (unknown !== undefined)
        return { kind: 'failed', error: { code: 'UNDO_ACTION_UNKNOWN', details: { action: unknown } } };
      for (const name of changes) context.print('stdout', `undo: ${name}\n`);
      return { kind: 'succeeded', result: { changed: changes.length > 0, changes } };
    },
    async run({ planDigest }, context) {
      const { undo } = deps;
      const book = undo.of(planDigest);
      const missing = missingIn(book);
      if (missing !== null || book === null) return missing ?? MISSING;
      const changes = changesOf(book);
      const world = { planDigest, undo, registry: deps.registry(), context };
      const failure = await restoreRecords(book.records, world);
      return failure ?? { kind: 'succeeded', result: { changed: changes.length > 0, changes } };
    },
  });

/** What is left to undo, newest first. */
const changesOf = (book: UndoBook): string[] =>
  book.records
    .filter(isOpen)
    .map(({ action }) => action)
    .toReversed();

const missing = (reason: Message): ActionEnd => ({
  kind: 'failed',
  error: { code: 'UNDO_RECORD_MISSING', details: { reason: { ...reason } } },
});

const MISSING = missing({ en: 'none are kept', zh: '没有保留任何记录' });

function missingIn(book: UndoBook | null): ActionEnd | null {
  if (book === null) return MISSING;
  return book.isSound ? null : missing({ en: 'the log is damaged', zh: '记录已损坏' });
}

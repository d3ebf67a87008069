import type { ActionContext, ActionEnd } from '@pilothouse/agent-kit';
import type { UndoRecord } from '../journal/undo-log.ts';
import type { UndoRecords } from '../journal/undo-records.ts';
import type { ActionRegistry } from './action-registry.ts';

/**
 * Restores records newest first, marking each as it is done; stops at the first that cannot be. Those that are restored
 * already are passed over. Null when all are restored.
 */
export async function restoreRecords(
  records: readonly UndoRecord[],
  world: {
    readonly planDigest: string;
    readonly undo: UndoRecords;
    readonly registry: ActionRegistry;
    readonly context: ActionContext;
  },
): Promise<Extract<ActionEnd, { kind: 'failed' | 'timed-out' | 'cancelled' }> | null> {
  for (const { action: name, sequence, record } of records.filter(isOpen).toReversed()) {
    const action = world.registry.offered.get(name)?.action;
    if (action?.undo === undefined)
      return { kind: 'failed', error: { code: 'UNDO_ACTION_UNKNOWN', details: { action: name } } };
    if (world.context.signal.aborted)
      return { kind: 'cancelled', error: { code: 'TASK_CANCELLED', details: {} } };
    const end = await action.undo(record, world.context).catch(crashed(name));
    if (end.kind !== 'succeeded') {
      const { kind, error } = end;
      const details = { action: name, code: error.code, cause: error.details };
      return { kind, error: { code: 'UNDO_FAILED', details } };
    }
    world.undo.restored(world.planDigest, sequence);
  }
  return null;
}

export const isOpen = (record: UndoRecord): boolean => !record.isRestored;

const crashed =
  (action: string) =>
  (cause: unknown): ActionEnd => ({
    kind: 'failed',
    error: { code: 'TASK_ACTION_CRASHED', details: { action, cause: String(cause) } },
  });

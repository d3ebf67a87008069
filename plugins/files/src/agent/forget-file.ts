import { defineAgentAction, onlyRoot } from '@pilothouse/agent-kit';
import { forgetFile } from '../contract/actions.ts';
import { MANAGED_LIST } from '../contract/facts.ts';
import { readManagedList, writeManagedEntry } from './managed-list.ts';
import { failed } from './put-back.ts';
import { ForgetRecord } from './undo-record.ts';

const damaged = failed({ code: 'FILES_LIST_DAMAGED', details: { path: MANAGED_LIST } });
const changed = (path: string, isManaged: boolean) => ({
  kind: 'succeeded' as const,
  result: {
    changed: isManaged,
    changes: isManaged ? [{ path, property: 'managed', from: 'yes', to: 'no' }] : [],
  },
});

/** Takes a file off the host's list; the file itself stays as it is. */
export const forgetFileAction = defineAgentAction({
  spec: forgetFile,
  available: onlyRoot(forgetFile),
  async dryRun({ path }) {
    const managed = await readManagedList();
    return managed === null ? damaged : changed(path, managed[path] !== undefined);
  },
  async run({ path }, context) {
    const managed = await readManagedList();
    if (managed === null) return damaged;
    const managedBefore = managed[path];
    if (managedBefore === undefined) return changed(path, false);
    await context.recordUndo({ path, managedBefore });
    await writeManagedEntry(managed, path, null);
    return changed(path, true);
  },
  async undo(stored) {
    const parsed = ForgetRecord.safeParse(stored);
    const managed = await readManagedList();
    if (!parsed.success)
      return failed({
        code: 'UNDO_RECORD_MISSING',
        details: { reason: { en: 'the record is damaged', zh: '记录已损坏' } },
      });
    if (managed === null) return damaged;
    const { path, managedBefore } = parsed.data;
    if (managed[path] !== undefined) return { kind: 'succeeded', result: { changed: false, changes: [] } };
    await writeManagedEntry(managed, path, managedBefore);
    return { kind: 'succeeded', result: { changed: true, changes: [{ path, property: 'managed' }] } };
  },
});

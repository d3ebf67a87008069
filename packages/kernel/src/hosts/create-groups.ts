import { compareText } from '@pilothouse/base';
import { AppError } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import type { EventsService } from '../events/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import { createListeners } from '../listeners.ts';
import { changeMembers, deleteGroup, deleteMembers, loadGroups, upsertGroup } from './group-store.ts';
import { type HostIndex } from './host-index.ts';
import type { GroupRecord, GroupsService } from './service.ts';

/** Opens the groups of the registry. */
export async function createGroups(
  context: KernelContext,
  index: HostIndex,
  events: EventsService,
): Promise<GroupsService> {
  let groups: ReadonlyMap<string, GroupRecord> = new Map(
    (await loadGroups(context.store)).map((group) => [group.path, group]),
  );
  const { tell: tellChange, listen } = createListeners<void>();

  const replace = (path: string, group: GroupRecord | null) => {
    const next = new Map(groups);
    if (group === null) next.delete(path);
    else next.set(path, group);
    groups = new Map([...next].sort(([a], [b]) => compareText(a, b)));
    tellChange();
  };
  const tell = (transaction: Transaction, type: string, path: string) =>
    events.publish(transaction, [{ type, hostId: null, data: { path } }]);

  return {
    get groups() {
      return groups;
    },
    async put(transaction, { path, description, selector }) {
      const before = groups.get(path);
      const version = (before?.version ?? 0) + 1;
      await upsertGroup(transaction, { path, description, selector, version });
      if (selector !== null) await deleteMembers(transaction, path);
      await tell(transaction, 'group.changed', path);
      const common = { path, description, version };
      transaction.afterCommit(() => {
        if (selector !== null) dropMembers(index, path);
        replace(
          path,
          selector === null ? { ...common, kind: 'fixed' } : { ...common, kind: 'selector', selector },
        );
      });
    },
    async remove(transaction, path) {
      await deleteGroup(transaction, path);
      await deleteMembers(transaction, path);
      await tell(transaction, 'group.removed', path);
      transaction.afterCommit(() => {
        dropMembers(index, path);
        replace(path, null);
      });
    },
    async setMembers(transaction, path, change) {
      const group = groups.get(path);
      if (group?.kind === 'selector') throw new AppError('GROUP_NOT_FIXED', { path });
      await changeMembers(transaction, path, change);
      await tell(transaction, 'group.members-changed', path);
      transaction.afterCommit(() => patchMembers(index, path, change));
    },
    onChange: listen,
  };
}

function dropMembers(index: HostIndex, path: string): void {
  const members = [...index.entries.values()].filter((entry) => entry.groups.includes(path));
  patchMembers(index, path, { add: [], remove: members.map(({ id }) => id) });
}

function patchMembers(
  index: HostIndex,
  path: string,
  change: { add: readonly string[]; remove: readonly string[] },
): void {
  const groupsOf = (id: string) => index.entries.get(id)?.groups ?? [];
  for (const id of change.remove) index.patch(id, { groups: groupsOf(id).filter((known) => known !== path) });
  for (const id of change.add)
    index.patch(id, { groups: [...new Set([...groupsOf(id), path])].sort(compareText) });
}

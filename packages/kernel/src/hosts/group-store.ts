import type { Store, Transaction } from '@pilothouse/store';
import type { GroupRecord } from './service.ts';
import { type HostsTables, ROWS_PER_STATEMENT } from './store.ts';

export async function loadGroups(store: Store): Promise<GroupRecord[]> {
  const rows = await store.as<HostsTables>().selectFrom('hosts_group').selectAll().orderBy('path').execute();
  return rows.map(({ path, description, selector, version }) => {
    const common = { path, description, version: Number(version) };
    return selector === null ? { ...common, kind: 'fixed' } : { ...common, kind: 'selector', selector };
  });
}

export async function loadMemberships(store: Store): Promise<{ path: string; host_id: string }[]> {
  return await store
    .as<HostsTables>()
    .selectFrom('hosts_group_member')
    .selectAll()
    .orderBy('host_id')
    .orderBy('path')
    .execute();
}

export async function upsertGroup(
  transaction: Transaction,
  group: HostsTables['hosts_group'],
): Promise<void> {
  await transaction
    .as<HostsTables>()
    .insertInto('hosts_group')
    .values(group)
    .onConflict((conflict) =>
      conflict.column('path').doUpdateSet({
        description: group.description,
        selector: group.selector,
        version: group.version,
      }),
    )
    .execute();
}

export async function deleteGroup(transaction: Transaction, path: string): Promise<void> {
  await transaction.as<HostsTables>().deleteFrom('hosts_group').where('path', '=', path).execute();
}

export async function deleteMembers(transaction: Transaction, path: string): Promise<void> {
  await transaction.as<HostsTables>().deleteFrom('hosts_group_member').where('path', '=', path).execute();
}

export async function addMemberships(
  transaction: Transaction,
  hostId: string,
  paths: readonly string[],
): Promise<void> {
  if (paths.length === 0) return;
  await transaction
    .as<HostsTables>()
    .insertInto('hosts_group_member')
    .values(paths.map((path) => ({ path, host_id: hostId })))
    .onConflict((conflict) => conflict.columns(['path', 'host_id']).doNothing())
    .execute();
}

export async function changeMembers(
  transaction: Transaction,
  path: string,
  change: { add: readonly string[]; remove: readonly string[] },
): Promise<void> {
  const db = transaction.as<HostsTables>();
  for (let start = 0; start < change.remove.length; start += ROWS_PER_STATEMENT)
    await db
      .deleteFrom('hosts_group_member')
      .where('path', '=', path)
      .where('host_id', 'in', change.remove.slice(start, start + ROWS_PER_STATEMENT))
      .execute();
  for (let start = 0; start < change.add.length; start += ROWS_PER_STATEMENT)
    await db
      .insertInto('hosts_group_member')
      .values(change.add.slice(start, start + ROWS_PER_STATEMENT).map((host_id) => ({ path, host_id })))
      .onConflict((conflict) => conflict.columns(['path', 'host_id']).doNothing())
      .execute();
}

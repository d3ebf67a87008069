import { AppError } from '@pilothouse/contract';
import type { MigrationSet } from '../store.ts';

/**
 * The changes of this program that a copy has seen. AppError STORE_NEWER for one that a known owner does not know,
 * STORE_OWNER_UNKNOWN for tables of a plugin that is not installed.
 */
export function migrationsOf(
  sets: readonly MigrationSet[],
  seen: readonly { readonly owner: string; readonly id: string }[],
): MigrationSet[] {
  for (const { owner, id } of seen) {
    const set = sets.find((each) => each.owner === owner);
    if (set === undefined) throw new AppError('STORE_OWNER_UNKNOWN', { owner });
    if (!set.migrations.some((migration) => migration.id === id))
      throw new AppError('STORE_NEWER', { owner, id });
  }
  return sets.map((set) => ({
    ...set,
    migrations: set.migrations.filter(({ id }) =>
      seen.some((each) => each.owner === set.owner && each.id === id),
    ),
  }));
}

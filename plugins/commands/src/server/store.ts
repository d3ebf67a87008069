import type { Store, Transaction } from '@pilothouse/store';
import type { Kysely } from 'kysely';

export interface ScriptRow {
  name: string;
  created_at: number;
  updated_at: number;
  latest_version: number;
  published_version: number | null;
}

export interface VersionRow {
  script_name: string;
  version: number;
  state: 'draft' | 'published';
  /** JSON of ScriptContent. */
  content: string;
  text_digest: string;
  created_by: string;
  created_at: number;
  published_by: string | null;
  published_at: number | null;
  /** Counts the edits of a draft; the etag. */
  revision: number;
}

interface Tables {
  commands_script: ScriptRow;
  commands_script_version: VersionRow;
}

/** The store for committed state, a transaction to see its own changes. */
type Where = Store | Transaction;
const of = (where: Where): Kysely<Tables> => where.as<Tables>();

export type ScriptListRow = ScriptRow & { content: string };

/** Scripts in order of name after `after`, with the content of their newest version. */
export async function scriptsAfter(
  where: Where,
  options: { readonly after: string; readonly search: string; readonly limit: number },
): Promise<ScriptListRow[]> {
  const query = of(where)
    .selectFrom('commands_script')
    .innerJoin('commands_script_version', (join) =>
      join
        .onRef('commands_script_version.script_name', '=', 'commands_script.name')
        .onRef('commands_script_version.version', '=', 'commands_script.latest_version'),
    )
    .selectAll('commands_script')
    .select('commands_script_version.content')
    .where('commands_script.name', '>', options.after)
    .orderBy('commands_script.name')
    .limit(options.limit);
  // The route lets through only the letters of a script's name, so there is nothing to escape.
  return options.search === ''
    ? query.execute()
    : query.where('commands_script.name', 'like', `%${options.search}%`).execute();
}

export const scriptByName = (where: Where, name: string): Promise<ScriptRow | undefined> =>
  of(where).selectFrom('commands_script').selectAll().where('name', '=', name).executeTakeFirst();

export const versionsOf = (where: Where, name: string): Promise<VersionRow[]> =>
  of(where)
    .selectFrom('commands_script_version')
    .selectAll()
    .where('script_name', '=', name)
    .orderBy('version', 'desc')
    .execute();

export const versionBy = (
  where: Where,
  key: { readonly name: string; readonly version: number },
): Promise<VersionRow | undefined> =>
  of(where)
    .selectFrom('commands_script_version')
    .selectAll()
    .where('script_name', '=', key.name)
    .where('version', '=', key.version)
    .executeTakeFirst();

export async function insertScript(transaction: Transaction, row: ScriptRow): Promise<void> {
  await of(transaction).insertInto('commands_script').values(row).execute();
}

export async function updateScript(
  transaction: Transaction,
  name: string,
  change: Partial<Omit<ScriptRow, 'name'>>,
): Promise<void> {
  await of(transaction).updateTable('commands_script').set(change).where('name', '=', name).execute();
}

export async function insertVersion(transaction: Transaction, row: VersionRow): Promise<void> {
  await of(transaction).insertInto('commands_script_version').values(row).execute();
}

/** Only a draft is ever changed: what is published is out of reach of this statement. */
export async function updateDraft(
  transaction: Transaction,
  row: VersionRow,
  change: Partial<VersionRow>,
): Promise<void> {
  await of(transaction)
    .updateTable('commands_script_version')
    .set({ ...change, revision: row.revision + 1 })
    .where('script_name', '=', row.script_name)
    .where('version', '=', row.version)
    .where('state', '=', 'draft')
    .execute();
}

export async function deleteScript(transaction: Transaction, name: string): Promise<void> {
  await of(transaction).deleteFrom('commands_script_version').where('script_name', '=', name).execute();
  await of(transaction).deleteFrom('commands_script').where('name', '=', name).execute();
}

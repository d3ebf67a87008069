import { Freeze, Window } from '@pilothouse/contract';
import type { Store, Transaction } from '@pilothouse/store';

interface CalendarTables {
  calendar_rule: { kind: string; name: string; body: string; version: number };
}

export type CalendarRecord =
  | { readonly kind: 'window'; readonly record: Window }
  | { readonly kind: 'freeze'; readonly record: Freeze };

const WindowBody = Window.omit({ name: true, etag: true });
const FreezeBody = Freeze.omit({ name: true, etag: true });

export async function readCalendar(store: Store): Promise<CalendarRecord[]> {
  const rows = await store
    .as<CalendarTables>()
    .selectFrom('calendar_rule')
    .selectAll()
    .orderBy('kind')
    .orderBy('name')
    .execute();
  return rows.map(({ kind, name, body, version }) => {
    const named = { name, etag: String(version) };
    const parsed: unknown = JSON.parse(body);
    return kind === 'window'
      ? { kind, record: { ...WindowBody.parse(parsed), ...named } }
      : { kind: 'freeze', record: { ...FreezeBody.parse(parsed), ...named } };
  });
}

export async function writeRule(transaction: Transaction, { kind, record }: CalendarRecord): Promise<void> {
  const { name, etag, ...body } = record;
  const row = { body: JSON.stringify(body), version: Number(etag) };
  await transaction
    .as<CalendarTables>()
    .insertInto('calendar_rule')
    .values({ kind, name, ...row })
    .onConflict((conflict) => conflict.columns(['kind', 'name']).doUpdateSet(row))
    .execute();
}

export async function deleteRule(
  transaction: Transaction,
  { kind, name }: { readonly kind: CalendarRecord['kind']; readonly name: string },
): Promise<void> {
  await transaction
    .as<CalendarTables>()
    .deleteFrom('calendar_rule')
    .where('kind', '=', kind)
    .where('name', '=', name)
    .execute();
}

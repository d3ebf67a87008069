import { Host, HostState, Maintenance } from '@pilothouse/contract';
import type { Store, Transaction } from '@pilothouse/store';
import type { Kysely } from 'kysely';
import { z } from 'zod';

/** The tables of this room. Only this file and `group-store.ts` speak SQL to them. */
export interface HostsTables {
  hosts_host: {
    id: string;
    name: string;
    state: string;
    machine_id: string;
    maintenance: string | null;
    quarantine: string | null;
    first_seen: number;
    version: number;
  };
  hosts_label: { host_id: string; key: string; value: string };
  hosts_presence: {
    host_id: string;
    is_online: number;
    since: number;
    last_seen: number | null;
    address: string | null;
    arch: string | null;
    agent_version: string | null;
    boot_id: string | null;
  };
  hosts_group: { path: string; description: string; selector: string | null; version: number };
  hosts_group_member: { path: string; host_id: string };
}

/** Rows a statement: SQLite and PostgreSQL both bound the parameters of one. */
export const ROWS_PER_STATEMENT = 500;

export const Quarantine = Host.shape.quarantine.unwrap();
export type Quarantine = z.infer<typeof Quarantine>;

/** What the registry keeps of a host beside labels and presence. */
export interface HostRow {
  readonly id: string;
  readonly name: string;
  readonly state: HostState;
  readonly machineId: string;
  readonly maintenance: Maintenance | null;
  readonly quarantine: Quarantine | null;
  readonly firstSeen: number;
  readonly version: number;
}

export interface PresenceRow {
  readonly hostId: string;
  readonly isOnline: boolean;
  readonly since: number;
  readonly lastSeen: number | null;
  readonly address: string | null;
  readonly arch: string | null;
  readonly agentVersion: string | null;
  readonly bootId: string | null;
}

const HostRowText = z.object({
  id: z.string(),
  name: z.string(),
  state: HostState,
  machine_id: z.string(),
  maintenance: z.string().nullable(),
  quarantine: z.string().nullable(),
  // PostgreSQL drivers hand out 64-bit integers as text.
  first_seen: z.coerce.number(),
  version: z.coerce.number(),
});

function parseHostRow(raw: unknown): HostRow {
  const row = HostRowText.parse(raw);
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    machineId: row.machine_id,
    maintenance: row.maintenance === null ? null : Maintenance.parse(JSON.parse(row.maintenance)),
    quarantine: row.quarantine === null ? null : Quarantine.parse(JSON.parse(row.quarantine)),
    firstSeen: row.first_seen,
    version: row.version,
  };
}

const tables = (source: Store | Transaction): Kysely<HostsTables> => source.as<HostsTables>();

export async function loadHosts(source: Store): Promise<HostRow[]> {
  const rows = await tables(source)
    .selectFrom('hosts_host')
    .selectAll()
    .where('state', '!=', 'decommissioned')
    .execute();
  return rows.map(parseHostRow);
}

export async function loadHost(source: Store | Transaction, id: string): Promise<HostRow | null> {
  const row = await tables(source)
    .selectFrom('hosts_host')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  return row === undefined ? null : parseHostRow(row);
}

export async function loadDecommissioned(source: Store): Promise<HostRow[]> {
  const rows = await tables(source)
    .selectFrom('hosts_host')
    .selectAll()
    .where('state', '=', 'decommissioned')
    .execute();
  return rows.map(parseHostRow);
}

export async function loadLabels(source: Store | Transaction, hostId: string | null) {
  let query = tables(source).selectFrom('hosts_label').selectAll();
  if (hostId !== null) query = query.where('host_id', '=', hostId);
  return await query.execute();
}

export function groupLabels(
  rows: readonly HostsTables['hosts_label'][],
): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const labels = new Map<string, Record<string, string>>();
  for (const { host_id, key, value } of rows) {
    const known = labels.get(host_id) ?? {};
    known[key] = value;
    labels.set(host_id, known);
  }
  return labels;
}

export async function loadPresence(source: Store, hostId: string | null): Promise<PresenceRow[]> {
  let query = tables(source).selectFrom('hosts_presence').selectAll();
  if (hostId !== null) query = query.where('host_id', '=', hostId);
  return (await query.execute()).map((row) => ({
    hostId: row.host_id,
    isOnline: Number(row.is_online) === 1,
    since: Number(row.since),
    lastSeen: row.last_seen === null ? null : Number(row.last_seen),
    address: row.address,
    arch: row.arch,
    agentVersion: row.agent_version,
    bootId: row.boot_id,
  }));
}

export async function insertHost(transaction: Transaction, row: HostRow): Promise<void> {
  await tables(transaction)
    .insertInto('hosts_host')
    .values({
      id: row.id,
      name: row.name,
      state: row.state,
      machine_id: row.machineId,
      maintenance: null,
      quarantine: null,
      first_seen: row.firstSeen,
      version: row.version,
    })
    .execute();
}

export interface HostChange {
  readonly name?: string;
  readonly state?: HostState;
  readonly maintenance?: Maintenance | null;
  readonly quarantine?: Quarantine | null;
}

/** Changes a record and moves its version on. */
export async function updateHost(transaction: Transaction, id: string, change: HostChange): Promise<void> {
  const text = (value: object | null) => (value === null ? null : JSON.stringify(value));
  await tables(transaction)
    .updateTable('hosts_host')
    .set((eb) => ({
      version: eb('version', '+', 1),
      ...(change.name === undefined ? {} : { name: change.name }),
      ...(change.state === undefined ? {} : { state: change.state }),
      ...(change.maintenance === undefined ? {} : { maintenance: text(change.maintenance) }),
      ...(change.quarantine === undefined ? {} : { quarantine: text(change.quarantine) }),
    }))
    .where('id', '=', id)
    .execute();
}

export async function replaceLabels(
  transaction: Transaction,
  hostId: string,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  const db = tables(transaction);
  await db.deleteFrom('hosts_label').where('host_id', '=', hostId).execute();
  const rows = Object.entries(labels).map(([key, value]) => ({ host_id: hostId, key, value }));
  if (rows.length > 0) await db.insertInto('hosts_label').values(rows).execute();
}

export async function upsertPresence(transaction: Transaction, rows: readonly PresenceRow[]): Promise<void> {
  const db = tables(transaction);
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    await db
      .insertInto('hosts_presence')
      .values(
        rows.slice(start, start + ROWS_PER_STATEMENT).map((row) => ({
          host_id: row.hostId,
          is_online: row.isOnline ? 1 : 0,
          since: row.since,
          last_seen: row.lastSeen,
          address: row.address,
          arch: row.arch,
          agent_version: row.agentVersion,
          boot_id: row.bootId,
        })),
      )
      .onConflict((conflict) =>
        conflict.column('host_id').doUpdateSet((eb) => ({
          is_online: eb.ref('excluded.is_online'),
          since: eb.ref('excluded.since'),
          last_seen: eb.ref('excluded.last_seen'),
          address: eb.ref('excluded.address'),
          arch: eb.ref('excluded.arch'),
          agent_version: eb.ref('excluded.agent_version'),
          boot_id: eb.ref('excluded.boot_id'),
        })),
      )
      .execute();
  }
}

import { HostId } from '@pilothouse/contract';
import type { Store, Transaction } from '@pilothouse/store';
import { z } from 'zod';
import { tables } from './tables.ts';

/** An emergency stop in force. `hostIds` null: all hosts that `selector` means, also those to come. */
export interface StopRecord {
  readonly id: string;
  readonly selector: string | null;
  readonly hostIds: readonly string[] | null;
  readonly endRunning: boolean;
  readonly reason: string;
  readonly createdBy: string;
  readonly createdAt: number;
}

export async function insertStop(transaction: Transaction, stop: StopRecord): Promise<void> {
  await tables(transaction)
    .insertInto('rollouts_stop')
    .values({
      id: stop.id,
      selector: stop.selector,
      host_ids: stop.hostIds === null ? null : JSON.stringify(stop.hostIds),
      end_running: stop.endRunning ? 1 : 0,
      reason: stop.reason,
      created_by: stop.createdBy,
      created_at: stop.createdAt,
      cleared_by: null,
      cleared_at: null,
    })
    .execute();
}

export async function clearStop(
  transaction: Transaction,
  id: string,
  cleared: { by: string; at: number },
): Promise<void> {
  await tables(transaction)
    .updateTable('rollouts_stop')
    .set({ cleared_by: cleared.by, cleared_at: cleared.at })
    .where('id', '=', id)
    .where('cleared_at', 'is', null)
    .execute();
}

/** Those in force, oldest first. */
export async function readStops(source: Store): Promise<StopRecord[]> {
  const rows = await tables(source)
    .selectFrom('rollouts_stop')
    .selectAll()
    .where('cleared_at', 'is', null)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    selector: row.selector,
    hostIds: row.host_ids === null ? null : z.array(HostId).parse(JSON.parse(row.host_ids)),
    endRunning: row.end_running === 1,
    reason: row.reason,
    createdBy: row.created_by,
    createdAt: Number(row.created_at),
  }));
}

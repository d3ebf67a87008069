/**
 * Leases: who may be down now, and for which task.
 *
 * Problem: a lease must never be forgotten while its host may be interrupted, whatever crashes, and must not outlive the
 * interruption for ever.
 *
 * Rule: a lease is judged and held in memory at once, and becomes durable in the transaction that commits the offer it is
 * for; so no offer leaves the server without a lease on disk. When the task has ended the lease is `returning` until the host
 * is confirmed back: on the host's own word of how the task ended, or by a session that it opens afterwards; and only while
 * it is online. What is on disk is never less than what is in force: an end that was seen between two commits of the driver
 * is written by `flushEnds`, and until then a restart finds the lease returning and waits for the next session once more.
 *
 * A task that ended without the host's word while its session stayed open is asked after by the driver: the answer, or the
 * outcome that comes late, is the host's word. A new session in which the host says that it is still at work is none.
 *
 * Limits: a host that is at work on such a task for ever keeps its lease until a person ends it.
 */
import type { Clock } from '@pilothouse/base';
import type { HostId } from '@pilothouse/contract';
import type { Store, Transaction } from '@pilothouse/store';
import { type BudgetRoll, refusals, setLease } from './budget-roll.ts';
import { deleteLeases, type LeaseRow, readLeases, writeLeases } from './budgets-store.ts';
import type { BudgetAnswer, LeaseEnd, LeaseWish } from './service.ts';

export interface LeaseLedger {
  readonly leases: ReadonlyMap<string, LeaseRow>;
  readonly take: (wish: LeaseWish) => BudgetAnswer;
  readonly giveBack: (end: LeaseEnd) => void;
  /** The task never started. */
  readonly drop: (holder: { readonly taskId: string }) => void;
  /** The host has opened a session, and is still at work on these tasks. */
  heard(hostId: HostId, atWork: ReadonlySet<string>): void;
  /** Those that wait for a word of their hosts. */
  readonly returning: () => LeaseRow[];
  /** Presence of the host has changed. */
  presenceChanged(hostId: HostId): void;
  /** The host is decommissioned: nothing of it can be down any more. */
  hostLeft(hostId: HostId): void;
  /** Ends a lease in the transaction, whatever its host says. */
  release(transaction: Transaction, taskId: string): Promise<void>;
  flush(transaction: Transaction): Promise<void>;
  /** Only the ends of leases that were returning on disk already. */
  flushEnds(store: Store): Promise<void>;
  reload(store: Store): Promise<void>;
}

export interface LedgerDeps {
  readonly clock: Pick<Clock, 'now'>;
  readonly roll: BudgetRoll;
  readonly isOnline: (hostId: HostId) => boolean;
}

interface Ledger extends LedgerDeps {
  readonly leases: Map<string, LeaseRow>;
  readonly byHost: Map<HostId, Set<string>>;
  /** Returning leases whose host was heard since: they end while it is online. */
  readonly heard: Set<string>;
  /** Taken or given back since the last flush. */
  readonly changed: Set<string>;
  /** Ended since the last flush, with whether the disk says `returning` already. */
  readonly ended: Map<string, { readonly isReturningOnDisk: boolean }>;
}

export function createLeaseLedger(deps: LedgerDeps): LeaseLedger {
  const ledger: Ledger = {
    ...deps,
    leases: new Map(),
    byHost: new Map(),
    heard: new Set(),
    changed: new Set(),
    ended: new Map(),
  };
  return {
    leases: ledger.leases,
    take: (wish) => take(ledger, wish),
    giveBack: (end) => giveBack(ledger, end),
    drop({ taskId }) {
      const lease = ledger.leases.get(taskId);
      if (lease !== undefined) end(ledger, lease, 'with-the-driver');
    },
    heard(hostId, atWork) {
      for (const lease of leasesOf(ledger, hostId))
        if (lease.endedAt !== null && !atWork.has(lease.taskId)) ledger.heard.add(lease.taskId);
      endThoseBack(ledger, hostId);
    },
    returning: () =>
      [...ledger.leases.values()].filter(
        ({ taskId, endedAt }) => endedAt !== null && !ledger.heard.has(taskId),
      ),
    presenceChanged: (hostId) => endThoseBack(ledger, hostId),
    hostLeft(hostId) {
      for (const lease of leasesOf(ledger, hostId)) end(ledger, lease);
    },
    async release(transaction, taskId) {
      await deleteLeases(transaction, [taskId]);
      transaction.afterCommit(() => {
        // One that was taken anew meanwhile is for what begins now; the driver writes it with its next commit.
        if (ledger.leases.get(taskId)?.endedAt !== null) drop(ledger, taskId);
      });
    },
    async flush(transaction) {
      const changed = [...ledger.changed].flatMap((taskId) => ledger.leases.get(taskId) ?? []);
      const ended = [...ledger.ended.keys()];
      ledger.changed.clear();
      ledger.ended.clear();
      await writeLeases(transaction, changed);
      await deleteLeases(transaction, ended);
    },
    async flushEnds(store) {
      if (endsToWrite(ledger).length === 0) return;
      await store.transaction(async (transaction) => {
        // Read inside: a lease that was taken anew meanwhile must stay.
        const taskIds = endsToWrite(ledger);
        await deleteLeases(transaction, taskIds);
        transaction.afterCommit(() => {
          for (const taskId of taskIds) ledger.ended.delete(taskId);
        });
      });
    },
    reload: (store) => reload(ledger, store),
  };
}

const endsToWrite = (ledger: Ledger): string[] =>
  [...ledger.ended].flatMap(([taskId, { isReturningOnDisk }]) => (isReturningOnDisk ? [taskId] : []));

const leasesOf = (ledger: Ledger, hostId: HostId): LeaseRow[] =>
  [...(ledger.byHost.get(hostId) ?? [])].flatMap((taskId) => ledger.leases.get(taskId) ?? []);

function take(ledger: Ledger, wish: LeaseWish): BudgetAnswer {
  const known = ledger.leases.get(wish.taskId);
  // An attempt that follows another of the same task goes on under the lease that is there.
  if (known !== undefined && known.endedAt === null) return { kind: 'granted' };
  const refused = refusals(ledger.roll, wish.hostId, wish.interrupts);
  if (refused.length > 0) return { kind: 'refused', budgets: refused };
  if (!ledger.roll.hosts.has(wish.hostId)) return { kind: 'granted' };
  const { taskId, rolloutId, hostId, interrupts } = wish;
  ledger.heard.delete(taskId);
  hold(ledger, { taskId, rolloutId, hostId, interrupts, since: ledger.clock.now(), endedAt: null });
  ledger.changed.add(taskId);
  ledger.ended.delete(taskId);
  return { kind: 'granted' };
}

function giveBack(ledger: Ledger, { taskId, hostId, isHostsWord }: LeaseEnd): void {
  const lease = ledger.leases.get(taskId);
  if (lease === undefined) return;
  if (lease.endedAt === null) {
    hold(ledger, { ...lease, endedAt: ledger.clock.now() });
    ledger.changed.add(taskId);
  }
  if (isHostsWord === true) ledger.heard.add(taskId);
  endThoseBack(ledger, hostId);
}

function endThoseBack(ledger: Ledger, hostId: HostId): void {
  if (!ledger.isOnline(hostId)) return;
  for (const lease of leasesOf(ledger, hostId))
    if (lease.endedAt !== null && ledger.heard.has(lease.taskId)) end(ledger, lease);
}

/** An end that follows from what the driver has not committed yet is written with its commit and not before. */
function end(ledger: Ledger, { taskId }: LeaseRow, writtenBy: 'anyone' | 'with-the-driver' = 'anyone'): void {
  const isReturningOnDisk = writtenBy === 'anyone' && !ledger.changed.has(taskId);
  ledger.ended.set(taskId, { isReturningOnDisk });
  drop(ledger, taskId);
}

function hold(ledger: Ledger, lease: LeaseRow): void {
  ledger.leases.set(lease.taskId, lease);
  const ofHost = ledger.byHost.get(lease.hostId) ?? new Set();
  ledger.byHost.set(lease.hostId, ofHost.add(lease.taskId));
  setLease(ledger.roll, lease, lease.interrupts);
}

function drop(ledger: Ledger, taskId: string): void {
  const lease = ledger.leases.get(taskId);
  if (lease === undefined) return;
  ledger.leases.delete(taskId);
  ledger.heard.delete(taskId);
  ledger.changed.delete(taskId);
  const ofHost = ledger.byHost.get(lease.hostId);
  ofHost?.delete(taskId);
  if (ofHost?.size === 0) ledger.byHost.delete(lease.hostId);
  setLease(ledger.roll, lease, null);
}

async function reload(ledger: Ledger, store: Store): Promise<void> {
  const rows = await readLeases(store);
  const heard = new Set(ledger.heard);
  for (const taskId of ledger.ended.keys()) heard.add(taskId);
  for (const taskId of [...ledger.leases.keys()]) drop(ledger, taskId);
  ledger.changed.clear();
  ledger.ended.clear();
  for (const row of rows) {
    hold(ledger, row);
    if (row.endedAt !== null && heard.has(row.taskId)) ledger.heard.add(row.taskId);
  }
  for (const row of rows) {
    // A host that was decommissioned while the server was down.
    if (!ledger.roll.hosts.has(row.hostId)) end(ledger, row);
    else endThoseBack(ledger, row.hostId);
  }
}

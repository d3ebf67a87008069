import type { HostId } from '@pilothouse/contract';
import type { Store, Transaction } from '@pilothouse/store';
import { type BudgetRoll, setFailing } from './budget-roll.ts';
import { deleteFailing, type FailingRow, readFailing, writeFailing } from './budgets-store.ts';

/** What probes said of hosts, kept over restarts: a host that was left broken stays down until a probe says otherwise. */
export interface FailingMarks {
  set(mark: FailingRow, isFailing: boolean): void;
  /** The host is decommissioned. */
  forget(hostId: HostId): void;
  /** A person says that the host is well; what probes say from now on counts anew. */
  clear(transaction: Transaction, hostId: HostId): Promise<void>;
  flush(transaction: Transaction): Promise<void>;
  reload(store: Store): Promise<void>;
}

export function createFailingMarks(roll: BudgetRoll): FailingMarks {
  const marks = new Map<string, FailingRow>();
  const changed = new Map<string, { readonly mark: FailingRow; readonly isFailing: boolean }>();
  const set = (mark: FailingRow, isFailing: boolean): void => {
    const key = JSON.stringify([mark.hostId, mark.source]);
    if (marks.has(key) === isFailing) return;
    if (isFailing) marks.set(key, mark);
    else marks.delete(key);
    changed.set(key, { mark, isFailing });
    setFailing(roll, mark, isFailing);
  };
  const ofHost = (hostId: HostId): FailingRow[] =>
    [...marks.values()].filter((mark) => mark.hostId === hostId);
  return {
    set,
    forget(hostId) {
      for (const mark of [...marks.values()]) if (mark.hostId === hostId) set(mark, false);
    },
    async clear(transaction, hostId) {
      await deleteFailing(transaction, ofHost(hostId));
      transaction.afterCommit(() => {
        for (const mark of ofHost(hostId)) set(mark, false);
      });
    },
    async flush(transaction) {
      const all = [...changed.values()];
      changed.clear();
      const marksOf = (wanted: boolean) =>
        all.filter(({ isFailing }) => isFailing === wanted).map(({ mark }) => mark);
      await writeFailing(transaction, marksOf(true));
      await deleteFailing(transaction, marksOf(false));
    },
    async reload(store) {
      const rows = await readFailing(store);
      for (const mark of marks.values()) setFailing(roll, mark, false);
      marks.clear();
      changed.clear();
      for (const row of rows) set(row, true);
      changed.clear();
    },
  };
}

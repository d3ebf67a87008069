import type { HostId, Interruption } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';

/** Whom a lease is for. */
export interface LeaseHolder {
  readonly rolloutId: string;
  readonly taskId: string;
}

export interface LeaseWish extends LeaseHolder {
  readonly hostId: HostId;
  readonly interrupts: Exclude<Interruption, 'none'>;
}

/** A budget that has no room for one more host: within `k`, `down` are down already, for these reasons. */
export interface BudgetRefusal {
  readonly budgetId: string;
  readonly name: string;
  /** The value of the budget's label, or null where it has one domain. */
  readonly domain: string | null;
  readonly allowed: number;
  readonly down: number;
}

export type BudgetAnswer =
  | { readonly kind: 'granted' }
  | { readonly kind: 'refused'; readonly budgets: readonly BudgetRefusal[] };

/**
 * The fleet's ledger of who may be down: every disruptive task draws from it, whoever asked for it.
 *
 * The rollout driver is its one writer while it runs: `take` and `giveBack` are judged and held in memory at once, and
 * become durable with `flush` in the very transaction that commits the offers. After a failed commit `reload` takes both
 * back to what is on disk.
 */
export interface BudgetLedger {
  take(wish: LeaseWish): BudgetAnswer;
  /** The task has ended. The lease ends when its host is confirmed back: a session, newer than the task's end. */
  giveBack(holder: LeaseHolder & { readonly hostId: HostId }): void;
  /** Writes what changed since the last flush; nothing to write: does nothing. */
  flush(transaction: Transaction): Promise<void>;
  reload(): Promise<void>;
  /** Room may have come free for these hosts; called after the commit. Returns the way to stop listening. */
  onRoom(listener: () => void): () => void;
}

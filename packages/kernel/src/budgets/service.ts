import type { DownCause, HostId, Interruption } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';

/** Whom a lease is for. A task holds at most one. */
export interface LeaseHolder {
  readonly rolloutId: string;
  readonly taskId: string;
}

export interface LeaseWish extends LeaseHolder {
  readonly hostId: HostId;
  readonly interrupts: Exclude<Interruption, 'none'>;
}

export interface LeaseEnd extends LeaseHolder {
  readonly hostId: HostId;
  /**
   * True: the host itself said how the task ended, over a session that it opened after whatever interrupted it, or that
   * nothing was begun. Absent or false: nobody heard of it since (a time limit, a lost host).
   */
  readonly isHostsWord?: boolean;
}

export interface LeaseReturning extends LeaseHolder {
  readonly hostId: HostId;
}

/** A budget that has no room for one more host: within `allowed`, `down` are down already. */
export interface BudgetRefusal {
  readonly budgetId: string;
  readonly name: string;
  /** The value of the budget's label, or null where it has one domain. */
  readonly domain: string | null;
  readonly allowed: number;
  readonly down: number;
}

export interface BudgetDraw extends BudgetRefusal {
  readonly hostsCount: number;
}

/** Why one host counts as down in a domain, and since when; null: nobody noted it. Milliseconds since the epoch. */
export interface DownHost {
  readonly hostId: HostId;
  readonly causes: readonly { readonly kind: DownCause; readonly since: number | null }[];
  /** The tasks whose leases it holds. */
  readonly leases: readonly (LeaseHolder & { readonly since: number })[];
}

/** One domain as it stands. `label`: what tells it from the others of its budget, such as `site=bj1`; null: it has one. */
export interface DomainDown {
  readonly label: string | null;
  readonly allowed: number;
  readonly down: readonly DownHost[];
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
  /**
   * The task has ended. On the host's own word its lease ends at once if the host is online; otherwise it is kept,
   * `returning`, until the host says so later, or opens a session that is newer than this moment and in which it does not
   * say that it is still at work on it.
   */
  giveBack(end: LeaseEnd): void;
  /** Leases whose tasks have ended without their hosts' word, and whose hosts have not been heard since. */
  returning(): readonly LeaseReturning[];
  /** What probes say of a host, by source; it counts as down while any source says that it is failing. */
  setFailing(said: { readonly hostId: HostId; readonly source: string; readonly isFailing: boolean }): void;
  /** The task certainly never started: its lease ends at once, whatever its host says or does not say. */
  drop(holder: LeaseHolder & { readonly hostId: HostId }): void;
  /** Writes what changed since the last flush; nothing to write: does nothing. */
  flush(transaction: Transaction): Promise<void>;
  reload(): Promise<void>;
  /** Room may have come free for these hosts; called after the commit. Returns the way to stop listening. */
  onRoom(listener: () => void): () => void;
  /**
   * Budgets that would refuse one of these hosts even if all others were up, for plans to say so before they start; at
   * most one row for each budget and domain.
   */
  impossibleFor(hostIds: readonly HostId[], interrupts: Interruption): BudgetRefusal[];
  /** What these hosts would draw from, as it stands: each domain once, with how many of them it covers. */
  drawnBy(hostIds: readonly HostId[], interrupts: Interruption): BudgetDraw[];
  /** Who takes the room of a domain that refused; null: the budget or the domain is gone. Looks at every host. */
  downIn(domain: Pick<BudgetRefusal, 'name' | 'domain'>): DomainDown | null;
}

/**
 * Who is down, counted from the hosts themselves and from what people and network did to them, without a word of the ledger.
 */
import assert from 'node:assert/strict';
import type { Budget, HostId } from '@pilothouse/contract';
import { OFFLINE_GRACE_MS_DEFAULT } from '../../budgets/index.ts';
import type { HostEntry } from '../../hosts/service.ts';

type Limit = Budget['limit'];

/** One cap of the world: over all hosts, or over the hosts of each rack. */
export interface WorldBudget {
  readonly name: string;
  readonly per: 'rack' | null;
  readonly limit: Limit;
}

export interface BudgetTruth {
  /** An action that interrupts its host has begun, or is over. */
  begun(taskId: string, hostId: HostId): void;
  over(taskId: string): void;
  /** Hosts that are being interrupted, by task. */
  readonly interrupted: ReadonlyMap<string, HostId>;
  presence(hostId: HostId, isOnline: boolean): void;
  /** The record of a host is another than it was, or gone. */
  changed(): void;
  /** The ledger lets this host be interrupted now. */
  granted(hostId: HostId): void;
}

export function createBudgetTruth(of: {
  readonly budgets: ReadonlyMap<string, WorldBudget>;
  readonly index: ReadonlyMap<HostId, HostEntry>;
  readonly monotonic: () => number;
}): BudgetTruth {
  const { budgets, index } = of;
  const interrupted = new Map<string, HostId>();
  const offlineSince = new Map<HostId, number>();
  const domainOf = ({ per }: WorldBudget, host: HostEntry): string =>
    per === null ? '' : String(host.labels[per] ?? '');
  const isDown = (host: HostEntry): boolean =>
    host.isInMaintenance ||
    host.state === 'quarantined' ||
    of.monotonic() - (offlineSince.get(host.id) ?? Number.POSITIVE_INFINITY) >= OFFLINE_GRACE_MS_DEFAULT;
  const tallies = new Map<string, Tally>();
  /** Who is down in the domain, and how many it has: counted anew once anything has changed, or any time has gone by. */
  const tallyOf = (budget: WorldBudget, domain: string): Tally => {
    const key = `${budget.name} ${domain}`;
    const known = tallies.get(key);
    if (known?.at === of.monotonic()) return known;
    const members = [...index.values()].filter((host) => domainOf(budget, host) === domain);
    const busy = new Set(interrupted.values());
    const down = members.filter((host) => busy.has(host.id) || isDown(host)).map(({ id }) => id);
    const active = members.filter(({ state }) => state === 'active').length;
    const tally = { at: of.monotonic(), down: new Set(down), active };
    tallies.set(key, tally);
    return tally;
  };
  return {
    interrupted,
    changed: () => tallies.clear(),
    begun(taskId, hostId) {
      tallies.clear();
      interrupted.set(taskId, hostId);
      const host = index.get(hostId);
      if (host === undefined) return;
      for (const budget of budgets.values()) {
        // Shares and majorities may have shrunk since it was let go; a number stays.
        if (!('hosts' in budget.limit)) continue;
        const domain = domainOf(budget, host);
        const now = [...new Set(interrupted.values())]
          .flatMap((id) => index.get(id) ?? [])
          .filter((other) => domainOf(budget, other) === domain).length;
        assert.ok(now <= budget.limit.hosts, `${now} hosts at once are interrupted: ${budget.name}`);
      }
    },
    over(taskId) {
      tallies.clear();
      interrupted.delete(taskId);
    },
    presence(hostId, isOnline) {
      tallies.clear();
      if (isOnline) offlineSince.delete(hostId);
      else offlineSince.set(hostId, of.monotonic());
    },
    granted(hostId) {
      const host = index.get(hostId);
      if (host === undefined) return;
      for (const budget of budgets.values()) {
        const { down, active } = tallyOf(budget, domainOf(budget, host));
        const then = down.size + (down.has(hostId) ? 0 : 1);
        const allowed = allowedOf(budget.limit, active);
        assert.ok(then <= allowed, `one more goes down: ${then} of ${allowed} in ${budget.name}`);
      }
    },
  };
}

interface Tally {
  /** The moment for which it is true. */
  readonly at: number;
  readonly down: ReadonlySet<HostId>;
  /** Hosts that a share or a majority is of. */
  readonly active: number;
}

/** A share is rounded down, a quorum leaves more than half. */
function allowedOf(limit: Limit, active: number): number {
  if ('hosts' in limit) return limit.hosts;
  if ('percent' in limit) return Math.floor((active * limit.percent) / 100);
  return Math.ceil(active / 2) - 1;
}

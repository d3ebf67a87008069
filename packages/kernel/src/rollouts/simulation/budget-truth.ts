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
  /** Those of the budget's domain that covers the host. */
  const membersWith = (budget: WorldBudget, hostId: HostId): HostEntry[] => {
    const host = index.get(hostId);
    if (host === undefined) return [];
    const domain = domainOf(budget, host);
    return [...index.values()].filter((other) => domainOf(budget, other) === domain);
  };
  return {
    interrupted,
    begun(taskId, hostId) {
      interrupted.set(taskId, hostId);
      for (const budget of budgets.values()) {
        // Shares and majorities may have shrunk since it was let go; a number stays.
        if (!('hosts' in budget.limit)) continue;
        const members = new Set(membersWith(budget, hostId).map(({ id }) => id));
        const now = new Set([...interrupted.values()].filter((id) => members.has(id)));
        assert.ok(
          now.size <= budget.limit.hosts,
          `${now.size} hosts at once are interrupted: ${budget.name}`,
        );
      }
    },
    over: (taskId) => void interrupted.delete(taskId),
    presence(hostId, isOnline) {
      if (isOnline) offlineSince.delete(hostId);
      else offlineSince.set(hostId, of.monotonic());
    },
    granted(hostId) {
      const busy = new Set(interrupted.values());
      for (const budget of budgets.values()) {
        const members = membersWith(budget, hostId);
        const down = members.filter((host) => host.id === hostId || busy.has(host.id) || isDown(host)).length;
        const active = members.filter(({ state }) => state === 'active').length;
        const allowed = allowedOf(budget.limit, active);
        assert.ok(down <= allowed, `one more goes down: ${down} of ${allowed} in ${budget.name}`);
      }
    },
  };
}

/** A share is rounded down, a quorum leaves more than half. */
function allowedOf(limit: Limit, active: number): number {
  if ('hosts' in limit) return limit.hosts;
  if ('percent' in limit) return Math.floor((active * limit.percent) / 100);
  return Math.ceil(active / 2) - 1;
}

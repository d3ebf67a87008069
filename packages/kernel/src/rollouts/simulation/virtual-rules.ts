import { type Gate, type GateVerdict, type HostId } from '@pilothouse/contract';
import type { AuthorityService } from '../../authority/service.ts';
import type { BudgetLedger } from '../../budgets/service.ts';
import type { CalendarService } from '../../calendar/service.ts';
import type { GatesService, GateView } from '../../gates/service.ts';
import { createListeners } from '../../listeners.ts';
import type { NotificationsService } from '../../notifications/service.ts';
import type { Random } from './random.ts';

/** A calendar of one window that opens and closes as the world says. */
export function virtualCalendar(now: () => number) {
  const { tell, listen } = createListeners<void>();
  const open = { until: 0, isClosed: false };
  const calendar: CalendarService = {
    closedFor: () => (open.isClosed ? { kind: 'window', name: 'night', until: open.until } : null),
    openUntil: () => null,
    checkWindows: () => undefined,
    neverOpen: () => [],
    onChanged: listen,
  };
  return {
    calendar,
    isClosed: () => open.isClosed && now() < open.until,
    close(forMs: number): void {
      Object.assign(open, { isClosed: true, until: now() + forMs });
    },
    /** By the clock when its time has come, or by a person, who tells the driver. */
    open(isByPerson: boolean): void {
      if (!isByPerson && now() < open.until) return;
      open.isClosed = false;
      if (isByPerson) tell();
    },
  };
}

interface Lease {
  readonly hostId: HostId;
  readonly isReturning: boolean;
}

/** A ledger with one cap for each rack, durable with the commits of the driver, as the real one is. */
export function virtualLedger(capOf: (rack: string) => number, rackOf: (hostId: HostId) => string) {
  const { tell, listen } = createListeners<void>();
  let memory = new Map<string, Lease>();
  let disk = new Map<string, Lease>();
  let isFreed = false;
  const downIn = (rack: string): Set<HostId> =>
    new Set([...memory.values()].map((lease) => lease.hostId).filter((hostId) => rackOf(hostId) === rack));
  const free = (taskId: string): void => {
    isFreed = memory.delete(taskId) || isFreed;
  };
  const budgets: BudgetLedger = {
    take({ taskId, hostId }) {
      const rack = rackOf(hostId);
      const down = downIn(rack);
      if (!down.has(hostId) && down.size >= capOf(rack)) {
        const refusal = {
          budgetId: 'rack',
          name: 'rack',
          domain: rack,
          allowed: capOf(rack),
          down: down.size,
        };
        return { kind: 'refused', budgets: [refusal] };
      }
      memory.set(taskId, { hostId, isReturning: false });
      return { kind: 'granted' };
    },
    giveBack({ taskId, hostId, isHostsWord }) {
      if (isHostsWord === true) free(taskId);
      else if (memory.has(taskId)) memory.set(taskId, { hostId, isReturning: true });
    },
    drop: ({ taskId }) => free(taskId),
    returning: () => [],
    setFailing: () => undefined,
    async flush(transaction) {
      const saved = new Map(memory);
      const wasFreed = isFreed;
      isFreed = false;
      transaction.afterCommit(() => {
        disk = saved;
        if (wasFreed) tell();
      });
    },
    async reload() {
      memory = new Map(disk);
    },
    onRoom: listen,
    impossibleFor: () => [],
    drawnBy: () => [],
    downIn: () => null,
  };
  return {
    budgets,
    memory: (): ReadonlyMap<string, Lease> => memory,
    /** A new session confirms that its host is back. */
    heard(hostId: HostId): void {
      let wasFreed = false;
      for (const leases of [memory, disk])
        for (const [taskId, lease] of leases)
          if (lease.hostId === hostId && lease.isReturning) wasFreed = leases.delete(taskId) || wasFreed;
      if (wasFreed) tell();
    },
    /** The server died: what was not committed is forgotten, and nobody listens. */
    restart(): void {
      memory = new Map(disk);
    },
  };
}

/** A judge who answers when the world says so, or never; remembers what it let pass. */
export function virtualJudge(random: Random) {
  const mood: { kind: GateVerdict['kind'] } = { kind: 'holds' };
  let open: (() => void)[] = [];
  const passed = new Set<string>();
  const gates: GatesService = {
    check: async () => undefined,
    judge: (gate: Gate, view: GateView) =>
      new Promise((resolve) => {
        open.push(() => {
          const { kind } = mood;
          if (kind === 'holds' && view.isSoakOver) passed.add(gateKey(view.rolloutId, view.wave, gate.name));
          resolve({ kind, reason: { code: 'GATE_NOT_JUDGED', details: {} }, evidence: {} });
        });
      }),
  };
  return {
    gates,
    mood,
    passed,
    answer(): void {
      const all = open;
      open = [];
      for (const say of all) say();
    },
    /** One that was asked never answers. */
    lose: () => void open.splice(random.int(Math.max(1, open.length)), 1),
    restart: () => {
      open = [];
    },
  };
}

export const gateKey = (rolloutId: string, wave: number, gate: string): string =>
  `${rolloutId} ${wave} ${gate}`;

export function virtualAuthority() {
  const { tell, listen } = createListeners<string>();
  const needed = new Set<string>();
  const authority: AuthorityService = {
    missingFor: async ({ digest }) => (needed.has(digest) ? { approvals: { required: 1, given: 0 } } : null),
    authorityOf: async () => undefined,
    onChanged: listen,
  };
  return {
    authority,
    needed,
    approve(digest: string): void {
      if (needed.delete(digest)) tell(digest);
    },
  };
}

export const virtualNotifications = (): NotificationsService => ({
  enqueue: async () => undefined,
  hasChannel: () => true,
});

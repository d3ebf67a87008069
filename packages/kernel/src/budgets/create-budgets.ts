import { MINUTE_MS, SECOND_MS } from '@pilothouse/base';
import type { Transaction } from '@pilothouse/store';
import type { AuditService } from '../audit/service.ts';
import type { EventsService } from '../events/service.ts';
import type { FactsService } from '../facts/service.ts';
import type { FindingsBook } from '../findings/service.ts';
import type { GatewayService, OpenSession } from '../gateway/service.ts';
import type { GroupsService, HostsService, SelectorInUse } from '../hosts/service.ts';
import type { Endpoint } from '../http/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import { createListeners } from '../listeners.ts';
import type { Reconciler } from '../plugins/index.ts';
import type { SelectService } from '../select/service.ts';
import { createBudgetRoll, drawnBy, impossible, noteHost } from './budget-roll.ts';
import type { LeaseRow } from './budgets-store.ts';
import { downIn } from './down-in.ts';
import { budgetEndpoints } from './endpoints.ts';
import { exceededReconciler } from './exceeded-findings.ts';
import { createFailingMarks, type FailingMarks } from './failing-marks.ts';
import { followFindings } from './follow-findings.ts';
import { createLeaseLedger, type LeaseLedger } from './lease-ledger.ts';
import { createMembership } from './membership.ts';
import type { BudgetLedger, BudgetRefusal } from './service.ts';

/** An agent that restarts or a short loss of the network is back within this time. */
export const OFFLINE_GRACE_MS_DEFAULT = MINUTE_MS;
/** How long an end of a lease, seen between two commits of the driver, may be missing on disk. */
const WRITE_BACK_INTERVAL_MS = 5 * SECOND_MS;

export interface BudgetsDeps {
  readonly hosts: Pick<HostsService, 'index' | 'onChange'>;
  readonly groups: Pick<GroupsService, 'onChange'>;
  readonly select: Pick<SelectService, 'compile'>;
  readonly facts: Pick<FactsService, 'warm' | 'has' | 'bodyNow' | 'onChange'>;
  readonly findings: Pick<FindingsBook, 'list' | 'reconcile' | 'specs'>;
  readonly events: Pick<EventsService, 'publish' | 'subscribe'>;
  readonly audit: Pick<AuditService, 'append'>;
  readonly gateway: Pick<GatewayService, 'listen'>;
  /** How long a host may be offline before it counts as down; absent: a minute. */
  readonly offlineGraceMs?: number | undefined;
}

export interface BudgetsRoom {
  readonly budgets: BudgetLedger;
  readonly leasesCount: () => number;
  readonly selectors: () => readonly SelectorInUse[];
  /** By task, as the ledger holds them; for simulations, which look at them and change nothing. */
  readonly leases: ReadonlyMap<string, LeaseRow>;
  readonly endpoints: readonly Endpoint[];
  readonly reconcilers: readonly Reconciler[];
}

/** Opens the ledger: reads budgets and leases back. */
export async function createBudgets(context: KernelContext, deps: BudgetsDeps): Promise<BudgetsRoom> {
  const graceMs = deps.offlineGraceMs ?? OFFLINE_GRACE_MS_DEFAULT;
  const room = createRoomBell();
  const roll = createBudgetRoll({ clock: context.clock, graceMs, onRoom: room.ring });
  for (const [id, entry] of deps.hosts.index) noteHost(roll, id, entry);
  const leases = createLeaseLedger({
    clock: context.clock,
    roll,
    isOnline: (hostId) => deps.hosts.index.get(hostId)?.isOnline === true,
  });
  const failing = createFailingMarks(roll);
  const membership = await createMembership(context, deps, roll);
  await leases.reload(context.store);
  await failing.reload(context.store);
  await followFindings(deps, roll);

  deps.hosts.onChange(({ before, after }) => {
    const id = (after ?? before)?.id ?? '';
    if (after === null) {
      leases.hostLeft(id);
      failing.forget(id);
    }
    noteHost(roll, id, after);
    if (after !== null) leases.presenceChanged(id);
  });
  deps.gateway.listen({ opened: ({ hostId, hello }) => leases.heard(hostId, atWorkOf(hello)) });

  const parts = { context, deps, roll, leases, failing, membership };
  return {
    budgets: {
      ...createDriverSide(room, leases, failing),
      async reload() {
        await leases.reload(context.store);
        await failing.reload(context.store);
      },
      onRoom: room.listen,
      impossibleFor(hostIds, interrupts) {
        if (interrupts === 'none') return [];
        const found = new Map<string, BudgetRefusal>();
        for (const hostId of hostIds)
          for (const refusal of impossible(roll, hostId, interrupts))
            found.set(JSON.stringify([refusal.name, refusal.domain]), refusal);
        return [...found.values()];
      },
      downIn: (domain) => downIn({ roll, leases }, domain),
      drawnBy: (hostIds, interrupts) => (interrupts === 'none' ? [] : drawnBy(roll, hostIds, interrupts)),
    },
    leasesCount: () => leases.leases.size,
    selectors: () =>
      [...membership.budgets.values()].map(({ name, selector }) => ({ user: `budget:${name}`, selector })),
    leases: leases.leases,
    endpoints: budgetEndpoints(parts),
    reconcilers: [
      {
        name: 'budgets.write-back',
        intervalMs: WRITE_BACK_INTERVAL_MS,
        run: () => leases.flushEnds(context.store),
      },
      membership.reconciler,
      exceededReconciler(parts, graceMs),
    ],
  };
}

const atWorkOf = ({ journal }: OpenSession['hello']): ReadonlySet<string> =>
  new Set(journal.flatMap(({ taskId, state }) => (state === 'ended' ? [] : [taskId])));

/** What the driver does is told of once it is durable; what happens by itself at once. */
function createDriverSide(room: RoomBell, leases: LeaseLedger, failing: FailingMarks) {
  return {
    take: leases.take,
    returning: leases.returning,
    giveBack: room.quietly(leases.giveBack),
    drop: room.quietly(leases.drop),
    setFailing: room.quietly(({ hostId, source, isFailing }: Parameters<BudgetLedger['setFailing']>[0]) =>
      failing.set({ hostId, source }, isFailing),
    ),
    async flush(transaction: Transaction) {
      await leases.flush(transaction);
      await failing.flush(transaction);
      transaction.afterCommit(room.tellPending);
    },
  };
}

type RoomBell = ReturnType<typeof createRoomBell>;

/** Ten thousand hosts that come back at once are one ring, not ten thousand. */
function createRoomBell() {
  const { tell, listen } = createListeners<void>();
  let isPending = false;
  let isTelling = false;
  let isQuiet = false;
  const tellPending = (): void => {
    isTelling = false;
    if (!isPending) return;
    isPending = false;
    tell();
  };
  return {
    listen,
    tellPending,
    ring: (): void => {
      isPending = true;
      if (isQuiet || isTelling) return;
      isTelling = true;
      queueMicrotask(tellPending);
    },
    /** What rings within is heard with the next `tellPending`. */
    quietly:
      <Arguments extends readonly unknown[]>(run: (...given: Arguments) => void) =>
      (...given: Arguments): void => {
        isQuiet = true;
        try {
          run(...given);
        } finally {
          isQuiet = false;
        }
      },
  };
}

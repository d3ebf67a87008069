import { SECOND_MS } from '@pilothouse/base';
import { type HostId, type JsonObject, toTimestamp } from '@pilothouse/contract';
import type { AgentCapability } from '@pilothouse/wire';
import type { BudgetLedger, BudgetRefusal } from '../../budgets/service.ts';
import type { CalendarService } from '../../calendar/service.ts';
import type { GatewayService } from '../../gateway/service.ts';
import type { HostEntry, HostsService, TargetResolver } from '../../hosts/service.ts';
import { lackText, type OfferedActions } from '../../plans/index.ts';
import { type ClaimAnswer, OFFER_START_WINDOW_MS } from '../engine/index.ts';
import type { StopsInForce } from '../stops-in-force.ts';
import { type ActiveRollout, taskIdOf } from './active-rollout.ts';
import type { HeldLine } from './held-line.ts';
import type { HostLocks } from './host-locks.ts';
import { crowdKeyOf } from './room.ts';

export interface JudgeDeps {
  readonly hosts: Pick<HostsService, 'index'>;
  readonly resolver: Pick<TargetResolver, 'stillMatches'>;
  readonly gateway: Pick<GatewayService, 'session'>;
  readonly offered: Pick<OfferedActions, 'lackOf'>;
  readonly stops: StopsInForce;
  readonly locks: HostLocks;
  readonly budgets: Pick<BudgetLedger, 'take'>;
  readonly calendar: Pick<CalendarService, 'closedFor' | 'openUntil'>;
  readonly overBudget: HeldLine;
  readonly crowded: HeldLine;
  readonly now: () => number;
  /** Generation of the session whose hello was taken in, by host: before that a host counts as offline. */
  readonly heard: ReadonlyMap<HostId, number>;
  readonly isHeld: (hostId: HostId) => boolean;
  /** False for a while after a server start, when hosts are still on their way back. */
  readonly isSettled: () => boolean;
  /** An absent host that was not given its time to come back yet. */
  readonly mayComeBack: (hostId: HostId) => boolean;
}

const unfit = (code: string, details: JsonObject = {}): ClaimAnswer => ({
  kind: 'unfit',
  cause: { code, details },
});

/**
 * Whether a task may be offered at this moment: the host is meant, free to act, present, its window open, and there is
 * room for it. What is granted is taken at once: the host's lock, a lease of each budget, a place among its label's hosts.
 */
export function judgeClaim(deps: JudgeDeps, active: ActiveRollout, index: number): ClaimAnswer {
  const hostId = active.state.tasks[index]?.hostId ?? '';
  const host = deps.hosts.index.get(hostId);
  if (host === undefined) return unfit('TASK_HOST_GONE');
  const refusal = refusalOf(deps, active, host);
  if (refusal !== null) return refusal;
  if (deps.stops.covers(host)) return { kind: 'stopped' };
  if (!isPresent(deps, hostId)) return { kind: 'offline', isCertain: !deps.mayComeBack(hostId) };
  if (deps.isHeld(hostId)) return unfit('TASK_HOST_ON_HOLD');
  if (active.capability !== null && !hasCapability(deps, hostId, active.capability))
    return unfit('TASK_AGENT_TOO_OLD', { capability: active.capability });
  const closed = closedFor(deps, active, host, index);
  if (closed !== null) return closed;
  const startBy = startByOf(deps, active, host, index);
  if (startBy !== null && !canStartBy(deps, hostId, startBy))
    return { kind: 'brief', until: startBy + START_MARGIN_MS, details: { until: toTimestamp(startBy) } };
  const answer = takePlace(deps, active, host, index);
  return answer.kind === 'granted' && startBy !== null ? { ...answer, startBy } : answer;
}

/** A host's notion of the server's time lags behind by the way of a frame, and a start is written to its disk first. */
const START_MARGIN_MS = 5 * SECOND_MS;

/** The last moment at which the task may begin on its host; null: no window is in sight that ends. */
function startByOf(
  deps: Pick<JudgeDeps, 'calendar' | 'now'>,
  active: ActiveRollout,
  host: HostEntry,
  index: number,
): number | null {
  if (!isBoundToWindows(active, index)) return null;
  const until = deps.calendar.openUntil(host, active.fixed.strategy.windows ?? [], deps.now());
  return until === null ? null : until - START_MARGIN_MS;
}

/** Agents that go by the end of an offer only when they take it are given none that may outlive its window on the host. */
function canStartBy(deps: JudgeDeps, hostId: HostId, startBy: number): boolean {
  const leftMs = startBy - deps.now();
  return leftMs >= OFFER_START_WINDOW_MS || (leftMs > 0 && hasCapability(deps, hostId, 'start-by'));
}

/** Whether the task's window has closed since it was claimed, or now ends before its offer would. */
export function isClosedNow(
  deps: Pick<JudgeDeps, 'hosts' | 'calendar' | 'now'>,
  active: ActiveRollout,
  index: number,
): boolean {
  const task = active.state.tasks[index];
  const host = deps.hosts.index.get(task?.hostId ?? '');
  if (host === undefined) return false;
  if (closedFor(deps, active, host, index) !== null) return true;
  const startBy = startByOf(deps, active, host, index);
  return startBy !== null && (task?.deadlineAt ?? Number.POSITIVE_INFINITY) > startBy;
}

function closedFor(
  deps: Pick<JudgeDeps, 'calendar' | 'now'>,
  active: ActiveRollout,
  host: HostEntry,
  index: number,
): ClaimAnswer | null {
  if (!isBoundToWindows(active, index)) return null;
  const closed = deps.calendar.closedFor(host, active.fixed.strategy.windows ?? [], deps.now());
  if (closed === null) return null;
  const { kind, name, until } = closed;
  const details = { closedBy: kind, name, until: until === null ? '…' : toTimestamp(until) };
  return { kind: 'closed', until, details };
}

/** What changes nothing may start at any time, but for a plan that names windows of its own. */
const isBoundToWindows = (active: ActiveRollout, index: number): boolean =>
  active.fixed.kind !== 'dry-run' &&
  (active.isExclusive(index) || (active.fixed.strategy.windows ?? []).length > 0);

function takePlace(deps: JudgeDeps, active: ActiveRollout, host: HostEntry, index: number): ClaimAnswer {
  const value = active.crowd?.valueOf(host) ?? '';
  if (active.crowd?.isFull(value)) {
    deps.crowded.add(crowdKeyOf(active, value), active, index);
    return { kind: 'crowded', details: { value } };
  }
  const interrupts = active.interruptionAt(index);
  if (interrupts !== 'none' && !deps.isSettled()) return { kind: 'settling' };
  const isExclusive = active.isExclusive(index);
  // Before the budget, and given back when that refuses: a lock can be given back as if nothing had been.
  if (isExclusive && !deps.locks.take(host.id, active.id)) return { kind: 'locked' };
  if (interrupts !== 'none') {
    const wish = { rolloutId: active.id, taskId: taskIdOf(active.id, index), hostId: host.id, interrupts };
    const answer = deps.budgets.take(wish);
    if (answer.kind === 'refused') {
      if (isExclusive) deps.locks.release(host.id, active.id);
      deps.overBudget.add(keyOf(answer.budgets), active, index);
      return { kind: 'over-budget', details: detailsOf(answer.budgets) };
    }
  }
  active.crowd?.enter(index, value);
  return { kind: 'granted' };
}

const keyOf = (budgets: readonly BudgetRefusal[]): string =>
  budgets
    .map(({ budgetId, domain }) => JSON.stringify([budgetId, domain]))
    .sort()
    .join();

/** One budget stands for all of them in titles; the rest are counted. */
function detailsOf(budgets: readonly BudgetRefusal[]): JsonObject {
  const [first] = budgets;
  if (first === undefined) return {};
  const { budgetId, name, domain, allowed, down } = first;
  return { budgetId, name, domain: domain ?? '', allowed, down, moreBudgets: budgets.length - 1 };
}

/** The agents of the first release name no capabilities at all. */
export function hasCapability(
  { gateway }: Pick<JudgeDeps, 'gateway'>,
  hostId: HostId,
  capability: AgentCapability,
): boolean {
  return gateway.session(hostId)?.hello.capabilities?.includes(capability) ?? false;
}

export function isPresent(deps: Pick<JudgeDeps, 'gateway' | 'heard'>, hostId: HostId): boolean {
  const session = deps.gateway.session(hostId);
  return session !== null && deps.heard.get(hostId) === session.generation;
}

function refusalOf(deps: JudgeDeps, active: ActiveRollout, host: HostEntry): ClaimAnswer | null {
  if (host.state === 'quarantined') return unfit('TASK_HOST_QUARANTINED');
  if (host.state === 'pending') return unfit('TASK_HOST_PENDING');
  if (host.state === 'decommissioned') return unfit('TASK_HOST_GONE');
  if (host.isInMaintenance) return unfit('TASK_HOST_IN_MAINTENANCE');
  if (!deps.resolver.stillMatches(active.plan.target, host)) return unfit('TASK_NO_LONGER_MATCHES');
  const lack = deps.offered.lackOf(host.id, active.plan.plan.header.actionSchemas);
  return lack === null
    ? null
    : unfit('TASK_ACTION_LACKING', { action: lack.action, kind: lack.reason, reason: lackText(lack) });
}

/**
 * Who is down, counted for every domain of every budget.
 *
 * Problem: each disruptive offer asks whether one more host may go down. Counting ten thousand hosts for each of ten thousand
 * offers would take longer than the offers.
 *
 * Rule: a host knows which domains cover it and whether it counts as down in each; a domain knows the sums. Whatever changes
 * of one host (presence, labels, facts, a lease, a probe) moves the sums of its own domains alone, and a question is
 * answered from the sums: its cost is that of the budgets which cover the host.
 *
 * What counts as down: a lease, offline beyond the grace time or not seen since the server started, maintenance, quarantine,
 * a probe or finding that says so. A host of which the selector cannot be decided may be a member: it counts as down, and
 * not as a member of which a share or a majority is taken. Pending hosts are nobody's members yet; decommissioned ones
 * have left.
 *
 * The invariant: no disruption starts unless what is down plus what it costs is within what is allowed, in every domain
 * that covers the host. A host that is down already costs nothing more; where more are down than allowed nothing starts.
 */
import type { Clock } from '@pilothouse/base';
import { type Budget, type DownCause, type HostId, labelOf } from '@pilothouse/contract';
import type { HostEntry } from '../hosts/service.ts';
import type { Verdict } from '../select/service.ts';
import { allowedDown } from './allowed-down.ts';
import type { BudgetDraw, BudgetRefusal, LeaseWish } from './service.ts';

export type Interrupts = LeaseWish['interrupts'];
type Evaluate = (host: HostEntry) => Verdict;

/** The sums of one domain. */
export interface DomainCount {
  readonly budget: Budget;
  /** Null where the budget has one domain; empty: hosts without its label. */
  readonly value: string | null;
  /** Active hosts that are certainly members. */
  members: number;
  undetermined: number;
  down: number;
}

interface Coverage {
  readonly domain: DomainCount;
  readonly isMember: boolean;
  /** Whether it is one of `domain.members`. */
  readonly isCounted: boolean;
  isDown: boolean;
}

interface BudgetState {
  readonly budget: Budget;
  readonly evaluate: Evaluate;
  readonly domains: Map<string | null, DomainCount>;
}

/** What is known of one host beside its entry. */
interface HostState {
  entry: HostEntry;
  readonly coverages: Map<BudgetState, Coverage>;
  /** Milliseconds since the epoch; null: online, or absent for longer. */
  graceUntil: number | null;
  isAbsent: boolean;
  readonly failing: Set<string>;
  readonly leases: Map<string, Interrupts>;
}

export interface RollOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** How long a host may be offline before it counts as down. */
  readonly graceMs: number;
  /** Somewhere one more host may go down than before. */
  readonly onRoom: () => void;
}

export interface BudgetRoll extends RollOptions {
  readonly budgets: Map<string, BudgetState>;
  readonly hosts: Map<HostId, HostState>;
  /** In the order in which grace times end: all are equally long. */
  inGrace: { readonly hostId: HostId; readonly until: number }[];
}

export const createBudgetRoll = (options: RollOptions): BudgetRoll => ({
  ...options,
  budgets: new Map(),
  hosts: new Map(),
  inGrace: [],
});

/** Adds or replaces a budget and counts all hosts for it. */
export function putBudget(roll: BudgetRoll, budget: Budget, evaluate: Evaluate): void {
  dropBudget(roll, budget.name);
  const state: BudgetState = { budget, evaluate, domains: new Map() };
  roll.budgets.set(budget.name, state);
  for (const host of roll.hosts.values()) cover(roll, host, state);
  roll.onRoom();
}

export function dropBudget(roll: BudgetRoll, name: string): void {
  const state = roll.budgets.get(name);
  if (state === undefined) return;
  for (const host of roll.hosts.values()) host.coverages.delete(state);
  roll.budgets.delete(name);
  roll.onRoom();
}

/** The host is new, was changed or, with null, has left. */
export function noteHost(roll: BudgetRoll, id: HostId, after: HostEntry | null): void {
  endGraces(roll);
  const known = roll.hosts.get(id);
  if (after === null) {
    if (known === undefined) return;
    for (const state of known.coverages.keys()) uncover(roll, known, state);
    roll.hosts.delete(id);
    return;
  }
  const host = known ?? newHost(after);
  const wasOnline = host.entry.isOnline;
  host.entry = after;
  roll.hosts.set(id, host);
  notePresence(roll, host, wasOnline);
  for (const state of roll.budgets.values()) cover(roll, host, state);
  recount(roll, host);
}

/** Judges membership anew; `hostIds` null: of all hosts. */
export function reevaluate(roll: BudgetRoll, hostIds: Iterable<HostId> | null): void {
  for (const id of hostIds ?? roll.hosts.keys()) {
    const host = roll.hosts.get(id);
    if (host !== undefined) for (const state of roll.budgets.values()) cover(roll, host, state);
  }
}

/** A lease of a task begins or, with null, ends. */
export function setLease(
  roll: BudgetRoll,
  { hostId, taskId }: { readonly hostId: HostId; readonly taskId: string },
  interrupts: Interrupts | null,
): void {
  const host = roll.hosts.get(hostId);
  if (host === undefined) return;
  if (interrupts === null) host.leases.delete(taskId);
  else host.leases.set(taskId, interrupts);
  recount(roll, host);
}

export function setFailing(
  roll: BudgetRoll,
  { hostId, source }: { readonly hostId: HostId; readonly source: string },
  isFailing: boolean,
): void {
  const host = roll.hosts.get(hostId);
  if (host === undefined) return;
  if (isFailing) host.failing.add(source);
  else host.failing.delete(source);
  recount(roll, host);
}

/** Domains that have no room for one more; empty: it may go down. */
export function refusals(roll: BudgetRoll, hostId: HostId, interrupts: Interrupts): BudgetRefusal[] {
  endGraces(roll);
  return coveragesFor(roll, hostId, interrupts)
    .filter(({ domain, isDown }) => domain.down + (isDown ? 0 : 1) > allowedIn(domain))
    .map(({ domain }) => refusalOf(domain));
}

/** Domains that would refuse the host even if all others were up. */
export const impossible = (roll: BudgetRoll, hostId: HostId, interrupts: Interrupts): BudgetRefusal[] =>
  coveragesFor(roll, hostId, interrupts)
    .filter(({ domain }) => allowedIn(domain) < 1)
    .map(({ domain }) => refusalOf(domain));

/** What these hosts would draw from: each domain once, with how many of them it covers. */
export function drawnBy(roll: BudgetRoll, hostIds: readonly HostId[], interrupts: Interrupts): BudgetDraw[] {
  endGraces(roll);
  const counts = new Map<DomainCount, number>();
  for (const hostId of hostIds)
    for (const { domain } of coveragesFor(roll, hostId, interrupts))
      counts.set(domain, (counts.get(domain) ?? 0) + 1);
  return [...counts].map(([domain, hostsCount]) => ({ ...refusalOf(domain), hostsCount }));
}

/** Of one budget, with the sums as they are now. */
export function domainsOf(roll: BudgetRoll, name: string): DomainCount[] {
  endGraces(roll);
  return [...(roll.budgets.get(name)?.domains.values() ?? [])];
}

/** In no particular order; looks at every host. */
export function downHosts(
  roll: BudgetRoll,
  name: string,
): Map<DomainCount, { host: HostEntry; causes: DownCause[] }[]> {
  const found = new Map<DomainCount, { host: HostEntry; causes: DownCause[] }[]>();
  const state = roll.budgets.get(name);
  if (state === undefined) return found;
  for (const host of roll.hosts.values()) {
    const coverage = host.coverages.get(state);
    if (coverage?.isDown !== true) continue;
    const known = found.get(coverage.domain) ?? [];
    found.set(coverage.domain, known);
    known.push({ host: host.entry, causes: causesOf(host, coverage) });
  }
  return found;
}

/** Hosts whose membership in some budget cannot be decided. */
export const undeterminedHosts = (roll: BudgetRoll): HostEntry[] =>
  [...roll.hosts.values()]
    .filter((host) => [...host.coverages.values()].some(({ isMember }) => !isMember))
    .map((host) => host.entry);

/** Not seen since the server started: absent until its first session. */
const newHost = (entry: HostEntry): HostState => ({
  entry,
  coverages: new Map(),
  graceUntil: null,
  isAbsent: !entry.isOnline,
  failing: new Set(),
  leases: new Map(),
});

function notePresence(roll: BudgetRoll, host: HostState, wasOnline: boolean): void {
  if (host.entry.isOnline) {
    host.graceUntil = null;
    host.isAbsent = false;
  } else if (wasOnline) {
    host.graceUntil = roll.clock.monotonic() + roll.graceMs;
    roll.inGrace.push({ hostId: host.entry.id, until: host.graceUntil });
  }
}

function endGraces(roll: BudgetRoll): void {
  const now = roll.clock.monotonic();
  let ended = 0;
  for (const { hostId, until } of roll.inGrace) {
    if (until > now) break;
    ended += 1;
    const host = roll.hosts.get(hostId);
    if (host === undefined || host.graceUntil !== until) continue;
    host.graceUntil = null;
    host.isAbsent = true;
    recount(roll, host);
  }
  if (ended > 0) roll.inGrace = roll.inGrace.slice(ended);
}

function cover(roll: BudgetRoll, host: HostState, state: BudgetState): void {
  const { entry } = host;
  const verdict = entry.state === 'pending' ? 'false' : state.evaluate(entry);
  const value = state.budget.per === null ? null : (labelOf(entry.labels, state.budget.per) ?? '');
  const isMember = verdict === 'true';
  const isCounted = isMember && entry.state === 'active';
  const known = host.coverages.get(state);
  const isSame =
    known?.domain.value === value && known.isMember === isMember && known.isCounted === isCounted;
  if (isSame && verdict !== 'false') return;
  uncover(roll, host, state);
  if (verdict === 'false') return;
  const domain = domainOf(state, value);
  const coverage: Coverage = { domain, isMember, isCounted, isDown: false };
  coverage.isDown = causesOf(host, coverage).length > 0;
  host.coverages.set(state, coverage);
  addTo(domain, coverage, 1);
  // One more member may raise a share or a majority.
  if (isCounted) roll.onRoom();
}

function uncover(roll: BudgetRoll, host: HostState, state: BudgetState): void {
  const coverage = host.coverages.get(state);
  if (coverage === undefined) return;
  host.coverages.delete(state);
  addTo(coverage.domain, coverage, -1);
  if (coverage.isDown) roll.onRoom();
  if (isEmpty(coverage.domain)) state.domains.delete(coverage.domain.value);
}

function recount(roll: BudgetRoll, host: HostState): void {
  for (const coverage of host.coverages.values()) {
    const isDown = causesOf(host, coverage).length > 0;
    if (isDown === coverage.isDown) continue;
    coverage.isDown = isDown;
    coverage.domain.down += isDown ? 1 : -1;
    if (!isDown) roll.onRoom();
  }
}

const coveragesFor = (roll: BudgetRoll, hostId: HostId, interrupts: Interrupts): Coverage[] =>
  [...(roll.hosts.get(hostId)?.coverages.values() ?? [])].filter(({ domain }) =>
    draws(domain.budget, interrupts),
  );

const draws = (budget: Budget, interrupts: Interrupts): boolean =>
  budget.counts === 'any' || interrupts === 'host';

function causesOf(host: HostState, { isMember, domain }: Coverage): DownCause[] {
  const causes: DownCause[] = [];
  if ([...host.leases.values()].some((interrupts) => draws(domain.budget, interrupts))) causes.push('lease');
  if (host.isAbsent) causes.push('offline');
  if (host.entry.isInMaintenance) causes.push('maintenance');
  if (host.entry.state === 'quarantined') causes.push('quarantined');
  if (host.failing.size > 0) causes.push('failing');
  if (!isMember) causes.push('unknown');
  return causes;
}

function domainOf(state: BudgetState, value: string | null): DomainCount {
  const known = state.domains.get(value);
  if (known !== undefined) return known;
  const domain: DomainCount = { budget: state.budget, value, members: 0, undetermined: 0, down: 0 };
  state.domains.set(value, domain);
  return domain;
}

function addTo(domain: DomainCount, coverage: Coverage, by: 1 | -1): void {
  if (coverage.isCounted) domain.members += by;
  if (!coverage.isMember) domain.undetermined += by;
  if (coverage.isDown) domain.down += by;
}

/** Quarantined members are counted nowhere but among those that are down. */
const isEmpty = ({ members, undetermined, down }: DomainCount): boolean =>
  members === 0 && undetermined === 0 && down === 0;

export const allowedIn = ({ budget, members }: DomainCount): number => allowedDown(budget.limit, members);

const refusalOf = (domain: DomainCount): BudgetRefusal => ({
  budgetId: domain.budget.name,
  name: domain.budget.name,
  domain: domain.value,
  allowed: allowedIn(domain),
  down: domain.down,
});

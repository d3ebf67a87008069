import {
  type ActionTrack,
  type Digest,
  type Gate,
  type Plan,
  type PlanPreview,
  PREVIEW_HOSTS_SHOWN_MAX,
  PREVIEW_WAVES_SHOWN_MAX,
  type PreviewWave,
  toTimestamp,
  type UndoPreview,
} from '@pilothouse/contract';
import type { AuthorityService } from '../authority/service.ts';
import type { BudgetLedger } from '../budgets/service.ts';
import type { CalendarService } from '../calendar/service.ts';
import type { HostEntry, HostsService } from '../hosts/service.ts';
import type { PlansService } from './create-plans.ts';
import type { LoadedPlan } from './loaded-plan.ts';
import { lackingHosts } from './plan-draft.ts';
import { planWavesCount, waveName, waveOfStep } from './wave-of-step.ts';

export interface PreviewDeps {
  readonly plans: Pick<
    PlansService,
    'effectOf' | 'interruptionOf' | 'lackingUndo' | 'recordsUndo' | 'offered'
  >;
  readonly hosts: Pick<HostsService, 'index'>;
  readonly budgets: Pick<BudgetLedger, 'drawnBy'>;
  readonly calendar: Pick<CalendarService, 'closedFor'>;
  readonly authority: Pick<AuthorityService, 'missingFor'>;
  /** How true dry runs of these actions have been. */
  readonly tracksOf: (schemas: Readonly<Record<string, Digest>>) => Promise<ActionTrack[]>;
}

export interface Reader {
  /** Hosts outside of it are counted and not named. */
  readonly isInScope: (hostId: string) => boolean;
  readonly now: number;
  readonly matchingNow: number | null;
}

export async function previewPlan(deps: PreviewDeps, plan: LoadedPlan, reader: Reader): Promise<PlanPreview> {
  const { header } = plan.plan;
  const effect = deps.plans.effectOf(plan);
  return {
    effect,
    interrupts: deps.plans.interruptionOf(plan.actionLists.flat()),
    wavesCount: planWavesCount(plan),
    waves: previewWaves(deps, plan, reader),
    approvals: (await deps.authority.missingFor(plan.plan))?.approvals ?? null,
    undo: previewUndo(deps, plan),
    closed: effect === 'read' && header.strategy.windows === undefined ? [] : closedNow(deps, plan, reader),
    lackingCount: lackingHosts(plan.hosts, header.actionSchemas, deps.plans.offered).length,
    matchingNow: reader.matchingNow,
    tracks: await deps.tracksOf(header.actionSchemas),
  };
}

function previewWaves(deps: PreviewDeps, plan: LoadedPlan, reader: Reader): PreviewWave[] {
  const wavesCount = planWavesCount(plan);
  const interrupts = deps.plans.interruptionOf(plan.actionLists.flat());
  const members: number[][] = Array.from({ length: Math.min(wavesCount, PREVIEW_WAVES_SHOWN_MAX) }, () => []);
  for (const index of plan.hosts.keys()) members[waveOfStep(plan, index)]?.push(index);
  return members.map((indexes, wave) => {
    const hosts = indexes.flatMap((index) => plan.hosts[index] ?? []);
    const hostIds = hosts.map((host) => host.id);
    return {
      name: waveName(plan, wave),
      ...named(hosts, reader),
      budgets: deps.budgets
        .drawnBy(hostIds, interrupts)
        .map(({ name, domain, hostsCount, allowed, down }) => ({
          name,
          domain,
          hostsCount,
          allowed,
          down,
        })),
      gates: gatesAfter(plan.plan, wave, wavesCount).map((gate) => gate.name),
    };
  });
}

/** After the last wave nothing is left to hold back, nor any host to compare with. */
const NOTHING_TO_HOLD: readonly Gate['kind'][] = ['confirm', 'wait', 'compare'];

function gatesAfter(plan: Plan, wave: number, wavesCount: number): Gate[] {
  const isLast = wave === wavesCount - 1;
  return (plan.header.strategy.gates ?? []).filter((gate) => {
    if (gate.after !== 'each' && gate.after !== wave + 1) return false;
    return !isLast || !NOTHING_TO_HOLD.includes(gate.kind);
  });
}

function previewUndo({ plans }: PreviewDeps, plan: LoadedPlan): UndoPreview {
  const lacking = plans.lackingUndo(plan);
  if (plans.recordsUndo(plan)) return { kind: lacking.length === 0 ? 'complete' : 'partial', lacking };
  return { kind: lacking.length === 0 ? 'none-needed' : 'none', lacking };
}

type ClosedGroup = PlanPreview['closed'][number];

function closedNow(deps: PreviewDeps, plan: LoadedPlan, reader: Reader): ClosedGroup[] {
  const windows = plan.plan.header.strategy.windows ?? [];
  const found = new Map<string, { group: ClosedGroup; hosts: HostEntry[] }>();
  const now = Math.max(reader.now, Date.parse(plan.plan.header.notBefore));
  for (const { id } of plan.hosts) {
    const host = deps.hosts.index.get(id);
    const closed = host === undefined ? null : deps.calendar.closedFor(host, windows, now);
    if (host === undefined || closed === null) continue;
    const { kind, name } = closed;
    const until = closed.until === null ? null : toTimestamp(closed.until);
    const opensAt = opening(deps, plan, host, closed.until);
    const key = JSON.stringify([kind, name, until, opensAt]);
    const known = found.get(key) ?? {
      group: { kind, name, until, opensAt, hostsCount: 0, hosts: [] },
      hosts: [],
    };
    known.hosts.push(host);
    found.set(key, known);
  }
  return [...found.values()].map(({ group, hosts }) => ({ ...group, ...named(hosts, reader) }));
}

/** Windows and freezes that end one after another; whoever stacks more of them reads the calendar itself. */
const CLOSINGS_MAX = 50;

/** When the host is open at last; null: not before the plan expires. */
function opening(
  { calendar }: PreviewDeps,
  { plan: { header } }: LoadedPlan,
  host: HostEntry,
  firstEnd: number | null,
): string | null {
  let at = firstEnd;
  for (let looks = 0; looks < CLOSINGS_MAX && at !== null && at < Date.parse(header.expiresAt); looks++) {
    const closed = calendar.closedFor(host, header.strategy.windows ?? [], at);
    if (closed === null) return toTimestamp(at);
    at = closed.until;
  }
  return null;
}

function named(hosts: readonly { readonly id: string; readonly name: string }[], { isInScope }: Reader) {
  const seen: { hostId: string; hostName: string }[] = [];
  for (const { id, name } of hosts) {
    if (seen.length === PREVIEW_HOSTS_SHOWN_MAX) break;
    if (isInScope(id)) seen.push({ hostId: id, hostName: name });
  }
  return { hostsCount: hosts.length, hosts: seen };
}

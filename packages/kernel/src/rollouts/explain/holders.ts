import { type Holder, type HostId, type JsonObject, toTimestamp } from '@pilothouse/contract';
import type { DownHost } from '../../budgets/service.ts';
import type { ActiveRollout } from '../driver/active-rollout.ts';
import type { EngineTask } from '../engine/index.ts';
import type { Sight } from '../results.ts';
import { readRollout } from '../rollout-store.ts';
import type { ExplainDeps } from './explain-rollout.ts';
import type { WaitGroup } from './reasons.ts';

/** Holders that one reason names; the rest are counted. */
const HOLDERS_MAX = 20;

export interface Held {
  readonly holders: Holder[];
  readonly holdersCount: number;
  /** What of the reason's details is known better now than when it was refused. */
  readonly details: JsonObject;
}

/** A holder as it is gathered; who it works for is looked up for those that are named. */
interface Gathered {
  readonly by: Holder['by'];
  readonly hostId: HostId | null;
  /** Milliseconds since the epoch. */
  readonly since: number | null;
  readonly rolloutId?: string;
  readonly title?: string;
  readonly person?: string;
}

/** Who holds what these tasks wait for, and since when. */
export async function holdersOf(
  deps: ExplainDeps,
  isInScope: Sight['isInScope'],
  active: ActiveRollout,
  group: WaitGroup,
): Promise<Held> {
  const { gathered, details } = gather(deps, active, group);
  const visible = gathered.filter(({ hostId }) => hostId === null || isInScope(hostId));
  visible.sort((a, b) => (a.since ?? Infinity) - (b.since ?? Infinity));
  const holders: Holder[] = [];
  for (const each of visible.slice(0, HOLDERS_MAX)) holders.push(await viewOf(deps, each));
  return { holders, holdersCount: gathered.length, details };
}

function gather(
  deps: ExplainDeps,
  active: ActiveRollout,
  { code, details, tasks }: WaitGroup,
): { readonly gathered: Gathered[]; readonly details: JsonObject } {
  const only = (gathered: Gathered[]) => ({ gathered, details: {} });
  switch (code) {
    case 'WAITS_FOR_BUDGET':
      return inBudget(deps, details);
    case 'WAITS_FOR_HOST_LOCK':
      return only(tasks.flatMap(({ hostId }) => lockOf(deps, active, hostId)));
    case 'WAITS_FOR_LABEL_LIMIT':
      return only(crowdOf(deps, active, details['value']));
    case 'WAITS_FOR_HOSTS':
      return only(
        tasks.map(({ hostId }) => {
          const host = deps.hosts.index.get(hostId);
          return { by: 'offline', hostId, since: host?.isOnline === false ? host.presenceSince : null };
        }),
      );
    case 'WAITS_FOR_STOP_CLEARED':
      return only(stopsOver(deps, tasks));
    case 'WAITS_FOR_OUTCOME':
    case 'WAITS_FOR_WITHDRAWAL':
      return only(tasks.map(underWay));
    default:
      return only([]);
  }
}

const underWay = ({ hostId, startedAt, offeredAt }: EngineTask): Gathered => ({
  by: 'task',
  hostId,
  since: startedAt ?? offeredAt,
});

/** One entry a host: a lease stands for whatever else it is down for. */
function inBudget({ budgets }: ExplainDeps, { name, domain }: JsonObject) {
  if (typeof name !== 'string') return { gathered: [], details: {} };
  const value = typeof domain === 'string' && domain !== '' ? domain : null;
  const found = budgets.downIn({ name, domain: value }) ?? budgets.downIn({ name, domain: '' });
  if (found === null) return { gathered: [], details: {} };
  const { label, allowed, down } = found;
  const details = { allowed, down: down.length, ...(label === null ? {} : { domain: label }) };
  return { gathered: down.map(downFor), details };
}

function downFor({ hostId, causes, leases }: DownHost): Gathered {
  const [lease] = [...leases].sort((a, b) => a.since - b.since);
  const cause = causes[0] ?? { kind: 'unknown' as const, since: null };
  if (cause.kind !== 'lease' || lease === undefined) return { by: cause.kind, hostId, since: cause.since };
  return { by: 'lease', hostId, since: lease.since, rolloutId: lease.rolloutId };
}

function lockOf({ active }: ExplainDeps, waiting: ActiveRollout, hostId: HostId): Gathered[] {
  for (const other of active.values()) {
    const task = other === waiting ? undefined : other.state.tasks[other.indexOfHost.get(hostId) ?? -1];
    if (task === undefined || !other.isExclusive(task.index)) continue;
    if (task.phase === 'offered' || task.phase === 'running')
      return [{ ...underWay(task), by: 'lock', rolloutId: other.id }];
  }
  return [];
}

function crowdOf({ hosts }: ExplainDeps, { state, crowd }: ActiveRollout, value: unknown): Gathered[] {
  return state.tasks
    .filter(({ phase, hostId }) => {
      const host = hosts.index.get(hostId);
      return (
        (phase === 'offered' || phase === 'running') && host !== undefined && crowd?.valueOf(host) === value
      );
    })
    .map(underWay);
}

function stopsOver({ stops, hosts }: ExplainDeps, tasks: readonly EngineTask[]): Gathered[] {
  const isOver = (stop: ReturnType<typeof stops.list>[number]): boolean =>
    tasks.some(({ hostId }) => {
      const host = hosts.index.get(hostId);
      return host !== undefined && stops.isCoveredBy(stop, host);
    });
  return stops
    .list()
    .filter(isOver)
    .map(({ createdAt, createdBy, reason }) => ({
      by: 'stop',
      hostId: null,
      since: createdAt,
      person: createdBy,
      title: reason,
    }));
}

async function viewOf(deps: ExplainDeps, held: Gathered): Promise<Holder> {
  const { by, hostId, since, rolloutId = null, title = null, person = null } = held;
  const fixed = rolloutId === null ? null : await fixedOf(deps, rolloutId);
  return {
    by,
    hostId,
    hostName: hostId === null ? null : (deps.hosts.index.get(hostId)?.name ?? hostId),
    since: since === null ? null : toTimestamp(since),
    rolloutId,
    title: fixed?.title ?? title,
    person: fixed?.createdBy ?? person,
  };
}

const fixedOf = async ({ active, context }: ExplainDeps, rolloutId: string) =>
  active.get(rolloutId)?.fixed ?? (await readRollout(context.store, rolloutId))?.fixed ?? null;

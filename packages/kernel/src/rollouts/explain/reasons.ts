import type { Explanation, JsonObject } from '@pilothouse/contract';
import type { ActiveRollout } from '../driver/active-rollout.ts';
import type { EngineTask, Hold } from '../engine/index.ts';
import type { Sight } from '../results.ts';
import type { ExplainDeps } from './explain-rollout.ts';
import { holdersOf } from './holders.ts';
import { unblockingOf } from './unblocking.ts';

const HOSTS_MAX = 100;

type Reason = Explanation['reasons'][number];

/** Tasks that wait for the same. */
export interface WaitGroup {
  readonly code: string;
  details: JsonObject;
  readonly tasks: EngineTask[];
}

/** Why tasks that have not ended are not going on, most hosts first, as far as this reader sees them. */
export async function reasonsOf(
  deps: ExplainDeps,
  { isInScope }: Pick<Sight, 'isInScope'>,
  active: ActiveRollout,
): Promise<Reason[]> {
  const groups = new Map<string, WaitGroup>();
  for (const task of active.state.tasks) {
    const found = waitOf(active, task);
    if (found === null || !isInScope(task.hostId)) continue;
    const key = `${found.code} ${found.apart}`;
    const group = groups.get(key) ?? { code: found.code, details: found.details, tasks: [] };
    groups.set(key, group);
    group.tasks.push(task);
  }
  const reasons: Reason[] = [];
  for (const group of groups.values()) reasons.push(await reasonOf(deps, isInScope, active, group));
  return reasons.sort((a, b) => b.hostsCount - a.hostsCount);
}

async function reasonOf(
  deps: ExplainDeps,
  isInScope: Sight['isInScope'],
  active: ActiveRollout,
  group: WaitGroup,
): Promise<Reason> {
  const { code, tasks } = group;
  const held = await holdersOf(deps, isInScope, active, group);
  // Titles speak of the hosts that this reader sees.
  const details = { ...group.details, ...held.details, hosts: tasks.length };
  return {
    code,
    details,
    unblocking: unblockingOf(code, { ...details, id: active.id, plan: active.planDigest }),
    hostsCount: tasks.length,
    hosts: tasks.slice(0, HOSTS_MAX).map(({ index, hostId }) => ({
      hostId,
      hostName: active.plan.hosts[index]?.name ?? hostId,
    })),
    holders: held.holders,
    holdersCount: held.holdersCount,
  };
}

const HELD: Partial<Record<Hold, string>> = {
  offline: 'WAITS_FOR_HOSTS',
  settling: 'WAITS_FOR_SETTLING',
  locked: 'WAITS_FOR_HOST_LOCK',
  stopped: 'WAITS_FOR_STOP_CLEARED',
  closed: 'WAITS_FOR_WINDOW',
  brief: 'WAITS_FOR_LONGER_WINDOW',
  'over-budget': 'WAITS_FOR_BUDGET',
  crowded: 'WAITS_FOR_LABEL_LIMIT',
};

interface Found {
  readonly code: string;
  readonly details: JsonObject;
  /** Tells two budgets, windows or label values with the same code apart. */
  readonly apart: string;
}

function waitOf({ state }: ActiveRollout, task: EngineTask): Found | null {
  const plain = (code: string, details: JsonObject = {}): Found => ({ code, details, apart: '' });
  if (task.phase === 'offered' || task.phase === 'running')
    return plain(task.ask === null ? 'WAITS_FOR_OUTCOME' : 'WAITS_FOR_WITHDRAWAL');
  if (task.phase !== 'pending') return null;
  const held = task.hold === null ? undefined : HELD[task.hold];
  if (held !== undefined) {
    const details = task.holdDetails ?? {};
    return {
      code: held,
      details,
      apart: JSON.stringify([details['name'], details['domain'], details['value']]),
    };
  }
  if (task.wave > state.wave) return plain('WAITS_FOR_WAVE', { wave: state.wave });
  return state.waiting === null ? null : plain(state.waiting.code, state.waiting.details);
}

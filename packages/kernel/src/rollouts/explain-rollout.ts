import type { Explanation, JsonObject } from '@pilothouse/contract';
import { type ActiveRollout, recordOf, viewRollout } from './driver/active-rollout.ts';
import type { EngineTask } from './engine/index.ts';
import type { Sight } from './results.ts';

const HOSTS_MAX = 100;

/** Says, host by host, why tasks that have not ended are not going on. Looks at every task: for a person who asks. */
export function explainRollout(sight: Sight, active: ActiveRollout | null): Explanation {
  if (active === null) return { rollout: viewRollout(sight.record), reasons: [] };
  const reasons = new Map<string, Explanation['reasons'][number]>();
  for (const task of active.state.tasks) {
    const found = reasonOf(active, task);
    if (found === null || !sight.isInScope(task.hostId)) continue;
    const reason = reasons.get(found.code) ?? { ...found, hostsCount: 0, hosts: [] };
    reasons.set(found.code, reason);
    reason.hostsCount += 1;
    const hostName = active.plan.hosts[task.index]?.name ?? task.hostId;
    // Titles speak of the hosts that this reader sees.
    reason.details = { ...reason.details, hosts: reason.hostsCount };
    if (reason.hosts.length < HOSTS_MAX) reason.hosts.push({ hostId: task.hostId, hostName });
  }
  const order = (reason: Explanation['reasons'][number]): number => -reason.hostsCount;
  return {
    rollout: viewRollout(recordOf(active)),
    reasons: [...reasons.values()].sort((a, b) => order(a) - order(b)),
  };
}

function reasonOf(active: ActiveRollout, task: EngineTask): { code: string; details: JsonObject } | null {
  const { state } = active;
  if (task.phase === 'offered' || task.phase === 'running') {
    const code = task.ask === null ? 'WAITS_FOR_OUTCOME' : 'WAITS_FOR_WITHDRAWAL';
    return { code, details: {} };
  }
  if (task.phase !== 'pending') return null;
  if (task.hold === 'offline') return { code: 'WAITS_FOR_HOSTS', details: {} };
  if (task.hold === 'settling') return { code: 'WAITS_FOR_SETTLING', details: {} };
  if (task.hold === 'locked') return { code: 'WAITS_FOR_HOST_LOCK', details: {} };
  if (task.hold === 'stopped') return { code: 'WAITS_FOR_STOP_CLEARED', details: {} };
  if (task.wave > state.wave) return { code: 'WAITS_FOR_WAVE', details: { wave: state.wave } };
  return state.waiting === null ? null : { code: state.waiting.code, details: state.waiting.details };
}

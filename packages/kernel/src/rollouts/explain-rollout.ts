import {
  type Explanation,
  type GateStatus,
  type JsonObject,
  toTimestamp,
  type WaveStatus,
} from '@pilothouse/contract';
import { type ActiveRollout, recordOf, viewRollout } from './driver/active-rollout.ts';
import {
  allowedOf,
  type EngineTask,
  type Hold,
  isGoingOn,
  isTaskEnd,
  isTaskFailure,
} from './engine/index.ts';
import type { Sight } from './results.ts';
import { unblockingOf } from './unblocking.ts';

const HOSTS_MAX = 100;

/**
 * Says what a rollout waits for, since when, who can unblock it and when it would end; and host by host why tasks that
 * have not ended are not going on. Looks at every task: for a person who asks.
 */
export function explainRollout(sight: Sight, active: ActiveRollout | null, now: number): Explanation {
  if (active === null)
    return {
      rollout: viewRollout(sight.record),
      unblocking: null,
      reasons: [],
      gates: [],
      waves: [],
      throttle: null,
      endsAt: null,
    };
  const { waiting } = active.state;
  const { allowed, throttle } = allowedOf(active.state);
  return {
    rollout: viewRollout(recordOf(active)),
    unblocking: waiting === null ? null : unblockingOf(waiting.code, { ...waiting.details, id: active.id }),
    reasons: reasonsOf(sight, active),
    gates: gatesOf(active),
    waves: wavesOf(active),
    throttle: isGoingOn(active.state) ? { by: throttle, allowed } : null,
    endsAt: endOf(active, now),
  };
}

function reasonsOf(sight: Sight, active: ActiveRollout): Explanation['reasons'] {
  const reasons = new Map<string, Explanation['reasons'][number]>();
  for (const task of active.state.tasks) {
    const found = reasonOf(active, task);
    if (found === null || !sight.isInScope(task.hostId)) continue;
    const key = `${found.code} ${found.apart}`;
    const reason = reasons.get(key) ?? {
      code: found.code,
      details: found.details,
      unblocking: unblockingOf(found.code, { ...found.details, id: active.id }),
      hostsCount: 0,
      hosts: [],
    };
    reasons.set(key, reason);
    reason.hostsCount += 1;
    const hostName = active.plan.hosts[task.index]?.name ?? task.hostId;
    // Titles speak of the hosts that this reader sees.
    reason.details = { ...reason.details, hosts: reason.hostsCount };
    if (reason.hosts.length < HOSTS_MAX) reason.hosts.push({ hostId: task.hostId, hostName });
  }
  return [...reasons.values()].sort((a, b) => b.hostsCount - a.hostsCount);
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

function reasonOf(active: ActiveRollout, task: EngineTask): Found | null {
  const { state } = active;
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

function gatesOf({ state }: ActiveRollout): GateStatus[] {
  const phase = state.gate;
  return (state.config.waves[state.wave]?.gates ?? []).map((gate, at) => {
    const isNow = phase !== null && at === phase.at;
    const judgement = isNow ? phase.judgement : null;
    return {
      name: gate.name,
      kind: gate.kind,
      wave: state.wave + 1,
      state: isNow ? 'now' : phase !== null && at < phase.at ? 'passed' : 'to-come',
      since: isNow ? toTimestamp(phase.enteredAt) : null,
      soakedMs: isNow ? phase.soakedMs : null,
      soakMs: 'soakMs' in gate ? gate.soakMs : null,
      verdict: judgement === null ? null : { ...judgement, at: toTimestamp(judgement.at) },
    };
  });
}

function wavesOf({ state }: ActiveRollout): WaveStatus[] {
  return state.config.waves.map(({ name, indexes, failuresMax }) => {
    let endedCount = 0;
    let failuresCount = 0;
    for (const index of indexes) {
      const phase = state.tasks[index]?.phase ?? 'pending';
      endedCount += Number(isTaskEnd(phase));
      failuresCount += Number(isTaskFailure(phase));
    }
    return { name, hostsCount: indexes.length, endedCount, failuresCount, failuresMax };
  });
}

/** Of a rollout that is under way: what is left takes as long a host as what has ended took, waits and gates included. */
function endOf({ state }: ActiveRollout, now: number): string | null {
  const ended = state.tasks.filter((task) => isTaskEnd(task.phase)).length;
  if (state.startedAt === null || ended === 0 || !isGoingOn(state)) return null;
  const left = state.tasks.length - ended;
  const endsAt = now + ((now - state.startedAt) / ended) * left;
  return toTimestamp(Math.min(Math.round(endsAt), state.config.expiresAt));
}

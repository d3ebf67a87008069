/**
 * When a rollout would end at the rate of its work so far.
 *
 * Problem: most of the time of a careful rollout is no work: soaks, pauses between waves, nights in which nothing may start.
 * Ended hosts per hour so far say nothing of those that are to come.
 *
 * Rule: a wave took work from its first offer to its last end; what is left takes as long a host as that. To it come the
 * soaks and waits of all gates ahead, and the closed times of windows that the work ahead falls into, by the calendars of
 * a few of the hosts that are left. What no clock ends is named and left out, so the answer is then the earliest it can be.
 */
import { type Explanation, toTimestamp } from '@pilothouse/contract';
import type { ActiveRollout } from '../driver/active-rollout.ts';
import { type EngineState, type EngineTask, isGoingOn, isTaskEnd } from '../engine/index.ts';
import type { ExplainDeps } from './explain-rollout.ts';

/** Hosts of a wave whose calendars are asked: the last of them to be open counts. */
const ASKED_HOSTS_MAX = 8;
/** Closed stretches looked past for one wave; beyond it the plan has long expired. */
const STRETCHES_MAX = 200;

type Forecasted = Pick<Explanation, 'endsAt' | 'forecast'>;
const NOTHING: Forecasted = { endsAt: null, forecast: null };

export function forecastOf(deps: ExplainDeps, active: ActiveRollout): Forecasted {
  const { state } = active;
  const now = deps.context.clock.now();
  const msPerHost = rateOf(state, now);
  if (state.startedAt === null || msPerHost === null || !isGoingOn(state)) return NOTHING;
  const dependsOn = new Set(unknownNow(state));
  let at = now;
  const sums = { workMs: 0, gatesMs: 0, closedMs: 0 };
  for (let wave = state.wave; wave < state.config.waves.length; wave++) {
    const left = tasksOf(state, wave).filter((task) => !isTaskEnd(task.phase));
    const workMs = Math.round(msPerHost * left.length);
    const end = workUntil(deps, active, { left, workMs, at });
    if (end === null) dependsOn.add('WAITS_FOR_WINDOW');
    sums.workMs += workMs;
    sums.closedMs += (end ?? at + workMs) - at - workMs;
    const gatesMs = gatesLeft(state, wave, now, dependsOn);
    sums.gatesMs += gatesMs;
    at = (end ?? at + workMs) + gatesMs;
  }
  const endsAt = toTimestamp(Math.min(Math.round(at), state.config.expiresAt));
  return { endsAt, forecast: { ...sums, dependsOn: [...dependsOn] } };
}

const tasksOf = (state: EngineState, wave: number): EngineTask[] =>
  (state.config.waves[wave]?.indexes ?? []).flatMap((index) => state.tasks[index] ?? []);

/** Milliseconds of work a host, over the waves that have begun; null: nothing has ended yet. */
function rateOf(state: EngineState, now: number): number | null {
  let ended = 0;
  let workedMs = 0;
  for (let wave = 0; wave <= state.wave; wave++) {
    const tasks = tasksOf(state, wave).filter((task) => task.offeredAt !== null);
    const done = tasks.filter((task) => isTaskEnd(task.phase));
    if (tasks.length === 0) continue;
    const began = Math.min(...tasks.map((task) => task.offeredAt ?? now));
    const isOver = done.length === tasks.length;
    workedMs += (isOver ? Math.max(...done.map((task) => task.endedAt ?? now)) : now) - began;
    ended += done.length;
  }
  return ended === 0 ? null : Math.max(0, workedMs) / ended;
}

/** What is in the way at this moment and that no clock ends. */
function unknownNow({ state, held, gate }: EngineState): string[] {
  return [
    ...(state === 'paused' ? ['WAITS_FOR_RESUME'] : []),
    ...(held.stopped > 0 ? ['WAITS_FOR_STOP_CLEARED'] : []),
    ...(held.offline > 0 ? ['WAITS_FOR_HOSTS'] : []),
    ...(held['over-budget'] > 0 ? ['WAITS_FOR_BUDGET'] : []),
    ...(gate?.judgement?.kind === 'undetermined' ? ['WAITS_FOR_GATE'] : []),
  ];
}

/** Soaks and waits of the gates that the wave has yet to pass. */
function gatesLeft(state: EngineState, wave: number, now: number, dependsOn: Set<string>): number {
  const phase = wave === state.wave ? state.gate : null;
  let leftMs = 0;
  for (const [at, gate] of (state.config.waves[wave]?.gates ?? []).entries()) {
    if (phase !== null && at < phase.at) continue;
    const isNow = phase !== null && at === phase.at;
    if (gate.kind === 'confirm' && !(isNow && phase.confirmedBy !== null))
      dependsOn.add('WAITS_FOR_CONFIRMATION');
    if (gate.kind === 'wait')
      leftMs += gate.waitMs - (isNow ? Math.min(gate.waitMs, now - phase.enteredAt) : 0);
    if ('soakMs' in gate) leftMs += Math.max(0, gate.soakMs - (isNow ? phase.soakedMs : 0));
  }
  return leftMs;
}

/** When so much work is done from `at` on, with the windows of the hosts that are left; null: one of them never opens. */
function workUntil(
  deps: ExplainDeps,
  active: ActiveRollout,
  {
    left,
    workMs,
    at,
  }: { readonly left: readonly EngineTask[]; readonly workMs: number; readonly at: number },
): number | null {
  let latest: number | null = at + workMs;
  const waiting = left.filter((task) => task.phase === 'pending' && active.isExclusive(task.index));
  for (const task of waiting.slice(0, ASKED_HOSTS_MAX)) {
    const end = openUntil(deps, active, task, { workMs, at });
    latest = end === null || latest === null ? null : Math.max(latest, end);
  }
  return latest;
}

function openUntil(
  { hosts, calendar }: ExplainDeps,
  { fixed }: ActiveRollout,
  { hostId }: EngineTask,
  { workMs, at }: { readonly workMs: number; readonly at: number },
): number | null {
  const host = hosts.index.get(hostId);
  const windows = fixed.strategy.windows ?? [];
  let ms = at;
  let leftMs = workMs;
  for (let stretch = 0; host !== undefined && stretch < STRETCHES_MAX && ms < fixed.expiresAt; stretch++) {
    const closed = calendar.closedFor(host, windows, ms);
    if (closed !== null) {
      if (closed.until === null) return null;
      ms = Math.max(closed.until, ms + 1);
      continue;
    }
    const until = calendar.openUntil(host, windows, ms);
    if (until === null || until - ms >= leftMs) break;
    leftMs -= until - ms;
    ms = until;
  }
  return ms + leftMs;
}

/**
 * Failure limits, exactly: with k allowed, a rollout halts at failure k + 1, and there are never more than k + 1.
 *
 * Problem: tasks run side by side, so by the time failure k + 1 is known many others may fail as well. Rule: what is
 * unresolved is held to k + 1 minus the failures so far; should all of it fail, that makes k + 1. The same holds for one
 * wave: waves never overlap, so everything unresolved is of the current one. Of several limits the smallest room counts.
 */
import { type EngineState, isGoingOn, unresolvedOf } from './state.ts';
import { endUnstarted, move, type Step } from './task-moves.ts';

export type Throttle = 'in-flight' | 'failures' | 'wave-failures';

/** Count and share together: the smaller holds. A share counts the planned size, rounded down; 9 % of 100 is 9. */
export function failuresAllowed(
  plannedSize: number,
  limit: { readonly count: number | null | undefined; readonly percent: number | undefined },
): number | null {
  const count = limit.count ?? Number.POSITIVE_INFINITY;
  const share = limit.percent === undefined ? Number.POSITIVE_INFINITY : shareOf(plannedSize, limit.percent);
  const allowed = Math.min(count, share);
  return Number.isFinite(allowed) ? allowed : null;
}

/** Binary fractions make 28.999999999999996 of what is 29: a billionth of a host is nobody. */
const shareOf = (size: number, percent: number): number => Math.floor((size * percent) / 100 + 1e-9);

export const failuresOf = (state: EngineState): number => state.counts.failed + state.counts.unknown;

/** How many may be unresolved at once, and which limit says so. */
export function allowedOf(state: EngineState): { readonly allowed: number; readonly throttle: Throttle } {
  const { inFlightMax, failuresMax, waves } = state.config;
  const waveMax = waves[state.wave]?.failuresMax ?? null;
  let allowed = inFlightMax;
  let throttle: Throttle = 'in-flight';
  const tighten = (max: number | null, failures: number, by: Throttle): void => {
    if (max === null || max + 1 - failures >= allowed) return;
    allowed = Math.max(0, max + 1 - failures);
    throttle = by;
  };
  tighten(failuresMax, failuresOf(state), 'failures');
  tighten(waveMax, state.waveFailures, 'wave-failures');
  return { allowed, throttle };
}

/** Room for more offers now. */
export const roomOf = (state: EngineState): number => allowedOf(state).allowed - unresolvedOf(state);

export function haltAtFailureLimit(step: Step): void {
  const { state } = step;
  if (!isGoingOn(state)) return;
  const passed = passedLimit(state);
  if (passed === null) return;
  move(step, 'halting', { ...passed, by: null });
  endUnstarted(step, {
    state: 'cancelled',
    cause: { code: 'TASK_ROLLOUT_HALTED', details: passed.details },
    endRunning: false,
  });
}

function passedLimit(state: EngineState) {
  const { failuresMax, waves } = state.config;
  const wave = waves[state.wave];
  const failures = failuresOf(state);
  if (failuresMax !== null && failures > failuresMax)
    return { code: 'ROLLOUT_FAILURE_LIMIT', details: { failures, failuresMax } };
  if (wave === undefined || wave.failuresMax === null || state.waveFailures <= wave.failuresMax) return null;
  const details = {
    failures: state.waveFailures,
    failuresMax: wave.failuresMax,
    wave: state.wave + 1,
    waveName: wave.name,
  };
  return { code: 'ROLLOUT_WAVE_FAILURE_LIMIT', details };
}

/**
 * Which signs of change are followed at once.
 *
 * Problem: a sign costs a stat call, and following it a process. On a host where containers come and go every second, or
 * whose signs have nothing to do with the fact, following each would cost more than never looking.
 *
 * Rule: a fact is followed at most once in its pause; a sign within the pause waits for its end. A sign that led to the
 * same fact as before doubles the pause, one that led to another sets it back: who cries wolf is listened to less.
 *
 * Limits: the pause is never longer than PAUSE_MS_MAX, so a true sign is followed within it.
 */
import { type Clock, MINUTE_MS } from '@pilothouse/base';
import type { FactReport } from '@pilothouse/contract';

const PAUSE_MS_MIN = MINUTE_MS;
const PAUSE_MS_MAX = 16 * MINUTE_MS;

export interface Alarms {
  raise(facts: readonly string[]): void;
  /** The facts that are to be collected now; their pauses begin. */
  due(): string[];
  found(report: FactReport): void;
}

interface Heard {
  isRaised: boolean;
  isFollowed: boolean;
  pauseMs: number;
  followedAtMs: number;
}

export function createAlarms(clock: Clock): Alarms {
  const heard = new Map<string, Heard>();
  const marks = new Map<string, string>();
  const heardOf = (fact: string): Heard => {
    const known = heard.get(fact);
    if (known !== undefined) return known;
    const never = Number.NEGATIVE_INFINITY;
    const fresh = { isRaised: false, isFollowed: false, pauseMs: PAUSE_MS_MIN, followedAtMs: never };
    heard.set(fact, fresh);
    return fresh;
  };
  return {
    raise(facts) {
      for (const fact of facts) heardOf(fact).isRaised = true;
    },
    due() {
      const now = clock.monotonic();
      const due: string[] = [];
      for (const [fact, state] of heard) {
        if (!state.isRaised || now - state.followedAtMs < state.pauseMs) continue;
        Object.assign(state, { isRaised: false, isFollowed: true, followedAtMs: now });
        due.push(fact);
      }
      return due;
    },
    found(report) {
      const mark = report.kind === 'present' ? report.digest : report.reason;
      const isSame = marks.get(report.fact) === mark;
      marks.set(report.fact, mark);
      const state = heard.get(report.fact);
      if (state === undefined || !state.isFollowed) return;
      state.isFollowed = false;
      state.pauseMs = isSame ? Math.min(2 * state.pauseMs, PAUSE_MS_MAX) : PAUSE_MS_MIN;
    },
  };
}

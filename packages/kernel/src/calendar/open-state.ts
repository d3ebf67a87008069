import type { FreezeSpan, PlanWindow } from '@pilothouse/contract';
import { parseRecurrence } from './recurrence.ts';

/** Whether something covers a moment, and until when that stays so; null: for ever. Milliseconds since the epoch. */
export interface OpenState {
  readonly isOpen: boolean;
  readonly until: number | null;
}

/** A rule that covers some moments and others not. Asked again about the same stretch of time it only compares numbers. */
export interface TimeRule {
  at(ms: number): OpenState;
}

/** Occurrences that follow each other without a gap and are joined to one stretch; then the stretch is asked about anew. */
const JOINED_MAX = 64;

/** A rule that was fine when it was made and whose next occurrence cannot be found now is asked again after this. */
const TROUBLE_AGAIN_MS = 3_600_000;

/** AppError WINDOW_RULE_INVALID, WINDOW_TIME_ZONE_UNKNOWN. Where a freeze cannot be evaluated it holds. */
export function ruleOf(span: FreezeSpan): TimeRule {
  return 'from' in span ? onceRule(Date.parse(span.from), Date.parse(span.to)) : recurringRule(span, true);
}

const onceRule = (from: number, to: number): TimeRule => ({
  at: (ms) => ({ isOpen: ms >= from && ms < to, until: ms < from ? from : ms < to ? to : null }),
});

/** `isOpenInTrouble`: what it says while the library cannot find an occurrence within its caps. */
export function recurringRule(window: PlanWindow, isOpenInTrouble = false): TimeRule {
  const { firstAfter, lastUntil } = parseRecurrence(window);
  const { durationMs } = window;
  const find = (ms: number): OpenState => {
    const last = lastUntil(ms);
    if (last === null || last + durationMs <= ms) return { isOpen: false, until: firstAfter(ms) };
    let until = last + durationMs;
    for (let joined = 0; joined < JOINED_MAX; joined++) {
      const next = firstAfter(until - durationMs);
      if (next === null || next > until) break;
      until = next + durationMs;
    }
    return { isOpen: true, until };
  };
  const findOr = (ms: number): OpenState => {
    try {
      return find(ms);
    } catch {
      // Nothing may start because a rule could not be read: a window stays shut, a freeze stays on.
      return { isOpen: isOpenInTrouble, until: ms + TROUBLE_AGAIN_MS };
    }
  };
  let known: { readonly from: number; readonly state: OpenState } | null = null;
  return {
    at(ms) {
      const isKnown = known !== null && ms >= known.from && ms < (known.state.until ?? Infinity);
      if (known !== null && isKnown) return known.state;
      known = { from: ms, state: findOr(ms) };
      return known.state;
    },
  };
}

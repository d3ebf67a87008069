import type { Freeze, PlanWindow, Window } from '@pilothouse/contract';
import { createWarmer } from '../facts/index.ts';
import type { HostEntry } from '../hosts/service.ts';
import type { Selector, Verdict } from '../select/service.ts';
import type { CalendarRecord } from './calendar-store.ts';
import type { CalendarDeps } from './create-calendar.ts';
import type { HostCalendar, HostRule } from './host-calendar.ts';
import { recurringRule, ruleOf, type TimeRule } from './open-state.ts';

/** Windows of plans kept parsed: those of the active rollouts. */
const PLAN_WINDOWS_KEPT = 500;

/** The rules as they stand, ready to be asked about hosts. */
export interface RuleBook {
  readonly windows: ReadonlyMap<string, Window>;
  readonly freezes: ReadonlyMap<string, Freeze>;
  put(record: CalendarRecord): void;
  drop(kind: CalendarRecord['kind'], name: string): void;
  calendarOf(host: HostEntry, planWindows: readonly PlanWindow[]): HostCalendar;
  /** The times of one rule; null when there is none of that name. */
  timesOf(kind: CalendarRecord['kind'], name: string): TimeRule | null;
}

interface Compiled {
  readonly rule: TimeRule;
  /** Null: all hosts. */
  readonly verdictOf: ((host: HostEntry) => Verdict) | null;
}

export function createRuleBook(deps: Pick<CalendarDeps, 'select' | 'facts'>): RuleBook {
  const windows = new Map<string, Window>();
  const freezes = new Map<string, Freeze>();
  const compiledWindows = new Map<string, Compiled>();
  const compiledFreezes = new Map<string, Compiled>();
  const planRules = new Map<string, TimeRule>();
  const warmSoon = createWarmer(deps.facts);
  const compile = (selector: string | null, rule: TimeRule): Compiled => ({
    rule,
    verdictOf: selector === null ? null : createVerdicts({ ...deps, warmSoon }, selector),
  });
  const planRule = (window: PlanWindow): TimeRule => {
    const key = JSON.stringify([window.rrule, window.timeZone, window.start, window.durationMs]);
    const known = planRules.get(key);
    if (known !== undefined) return known;
    if (planRules.size >= PLAN_WINDOWS_KEPT) planRules.clear();
    const rule = recurringRule(window);
    planRules.set(key, rule);
    return rule;
  };
  return {
    windows,
    freezes,
    put({ kind, record }) {
      if (kind === 'window') {
        windows.set(record.name, record);
        compiledWindows.set(record.name, compile(record.selector, recurringRule(record)));
      } else {
        freezes.set(record.name, record);
        compiledFreezes.set(record.name, compile(record.selector, ruleOf(record.span)));
      }
    },
    drop(kind, name) {
      (kind === 'window' ? windows : freezes).delete(name);
      (kind === 'window' ? compiledWindows : compiledFreezes).delete(name);
    },
    timesOf: (kind, name) => (kind === 'window' ? compiledWindows : compiledFreezes).get(name)?.rule ?? null,
    calendarOf: (host, planWindows) => ({
      windows: rulesFor(compiledWindows, host),
      freezes: rulesFor(compiledFreezes, host),
      planWindows: planWindows.map(planRule),
    }),
  };
}

function rulesFor(all: ReadonlyMap<string, Compiled>, host: HostEntry): HostRule[] {
  const rules: HostRule[] = [];
  for (const [name, { rule, verdictOf }] of all) {
    const verdict = verdictOf?.(host) ?? 'true';
    if (verdict !== 'false') rules.push({ name, rule, isCertain: verdict === 'true' });
  }
  return rules;
}

/**
 * Entries are replaced when anything about a host changes, so what was decided for one stays true; groups are no part of an
 * entry, so a selector that asks for them is evaluated each time.
 */
function createVerdicts(
  { select, facts, warmSoon }: Pick<CalendarDeps, 'select' | 'facts'> & { warmSoon: (fact: string) => void },
  text: string,
) {
  const selector = compileOrNull(select, text);
  const isKept = selector !== null && selector.groupRefs !== null && selector.groupRefs.length === 0;
  const kept = new WeakMap<HostEntry, Verdict>();
  return (host: HostEntry): Verdict => {
    const known = kept.get(host);
    if (known !== undefined) return known;
    const verdict = selector?.evaluate(host) ?? 'unknown';
    if (verdict === 'unknown') for (const fact of forgotten(facts, selector, host)) warmSoon(fact);
    else if (isKept) kept.set(host, verdict);
    return verdict;
  };
}

/** Facts whose body has merely left the memory: the next question finds them. */
const forgotten = (facts: CalendarDeps['facts'], selector: Selector | null, host: HostEntry): string[] =>
  (selector?.facts ?? []).filter((fact) => {
    const digest = host.facts.get(fact)?.digest;
    return digest !== undefined && facts.has(fact, digest) && facts.bodyNow(digest) === null;
  });

/** Null when its facts have gone with their plugin: then nobody knows whom the rule covers. */
function compileOrNull(select: CalendarDeps['select'], text: string): Selector | null {
  try {
    return select.compile(text);
  } catch {
    // It compiled when it was put; hosts are open only where they are open either way, which is on the safe side.
    return null;
  }
}

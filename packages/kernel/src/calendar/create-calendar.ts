import type { PlanWindow } from '@pilothouse/contract';
import type { AuditService } from '../audit/service.ts';
import type { EventsService } from '../events/service.ts';
import type { FactsService } from '../facts/service.ts';
import type { HostEntry, SelectorInUse } from '../hosts/service.ts';
import type { Endpoint } from '../http/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import { createListeners } from '../listeners.ts';
import type { SelectService } from '../select/service.ts';
import { readCalendar } from './calendar-store.ts';
import { calendarEndpoints } from './endpoints.ts';
import { closedAt, opensWithin, openUntil } from './host-calendar.ts';
import { signatureOf } from './preview.ts';
import { checkWindow } from './recurrence.ts';
import { createRuleBook, type RuleBook } from './rule-book.ts';
import type { CalendarService, TimeSpan } from './service.ts';

export interface CalendarDeps {
  readonly select: Pick<SelectService, 'compile' | 'run'>;
  readonly facts: Pick<FactsService, 'warm' | 'has' | 'bodyNow'>;
  readonly events: Pick<EventsService, 'publish'>;
  readonly audit: Pick<AuditService, 'append'>;
}

export interface CalendarRoom {
  readonly calendar: CalendarService;
  readonly selectors: () => readonly SelectorInUse[];
  readonly endpoints: readonly Endpoint[];
}

/** Opens the calendar: reads windows and freezes back. */
export async function createCalendar(context: KernelContext, deps: CalendarDeps): Promise<CalendarRoom> {
  const rules = createRuleBook(deps);
  const { tell, listen } = createListeners<void>();
  for (const record of await readCalendar(context.store)) {
    const { selector } = record.record;
    if (selector !== null) await warm(deps, selector);
    rules.put(record);
  }
  return {
    calendar: {
      closedFor: (host, planWindows, now) => closedAt(rules.calendarOf(host, planWindows), now),
      openUntil: (host, planWindows, now) => openUntil(rules.calendarOf(host, planWindows), now),
      checkWindows(windows) {
        for (const window of windows) checkWindow(window, context.clock.now());
      },
      neverOpen: (hosts, planWindows, span) => neverOpen(rules, hosts, { planWindows, span }),
      onChanged: listen,
    },
    selectors: () => [
      ...selectorsOf('window', rules.windows.values()),
      ...selectorsOf('freeze', rules.freezes.values()),
    ],
    endpoints: calendarEndpoints({ context, deps, rules, warm: (text) => warm(deps, text), changed: tell }),
  };
}

const selectorsOf = (
  kind: string,
  all: Iterable<{ readonly name: string; readonly selector: string | null }>,
): SelectorInUse[] =>
  [...all].flatMap(({ name, selector }) =>
    selector === null ? [] : [{ user: `${kind}:${name}`, selector }],
  );

/** Facts of a selector that no longer compiles are gone; its rule is undecided for every host. */
async function warm({ select, facts }: CalendarDeps, selector: string): Promise<void> {
  let names: readonly string[];
  try {
    names = select.compile(selector).facts;
  } catch {
    // Said by the endpoint that takes the selector; at a start the rule is kept none the less.
    return;
  }
  for (const fact of names) await facts.warm(fact);
}

/** Worked out once for all hosts with the same rules. */
function neverOpen(
  rules: RuleBook,
  hosts: readonly HostEntry[],
  { planWindows, span }: { readonly planWindows: readonly PlanWindow[]; readonly span: TimeSpan },
): HostEntry[] {
  const known = new Map<string, boolean>();
  return hosts.filter((host) => {
    const calendar = rules.calendarOf(host, planWindows);
    const key = signatureOf(calendar);
    const opens = known.get(key) ?? opensWithin(calendar, span);
    known.set(key, opens);
    return !opens;
  });
}

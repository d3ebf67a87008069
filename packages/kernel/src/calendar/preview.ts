import {
  type CalendarPreview,
  PREVIEW_GROUPS_MAX,
  PREVIEW_HOSTS_MAX,
  PREVIEW_SPANS_MAX,
  toTimestamp,
} from '@pilothouse/contract';
import type { HostEntry } from '../hosts/service.ts';
import { type HostCalendar, openSpans } from './host-calendar.ts';
import type { RuleBook } from './rule-book.ts';
import type { TimeSpan } from './service.ts';

/** Hosts with the same rules are open at the same times: worked out once for all of them. */
export function groupByRules(
  rules: RuleBook,
  hosts: readonly HostEntry[],
): { calendar: HostCalendar; hosts: HostEntry[] }[] {
  const groups = new Map<string, { calendar: HostCalendar; hosts: HostEntry[] }>();
  for (const host of hosts) {
    const calendar = rules.calendarOf(host, []);
    const key = signatureOf(calendar);
    const group = groups.get(key) ?? { calendar, hosts: [] };
    group.hosts.push(host);
    groups.set(key, group);
  }
  return [...groups.values()];
}

export const signatureOf = ({ windows, freezes }: HostCalendar): string =>
  JSON.stringify([windows, freezes].map((rules) => rules.map(({ name, isCertain }) => [name, isCertain])));

/** When hosts are open within the span. */
export function previewOf(rules: RuleBook, hosts: readonly HostEntry[], span: TimeSpan): CalendarPreview {
  const groups = groupByRules(rules, hosts).sort((a, b) => b.hosts.length - a.hosts.length);
  return {
    from: toTimestamp(span.from),
    to: toTimestamp(span.to),
    groups: groups.slice(0, PREVIEW_GROUPS_MAX).map((group) => {
      const { windows, freezes } = group.calendar;
      const { spans, isCut } = openSpans(group.calendar, span, PREVIEW_SPANS_MAX);
      return {
        hostsCount: group.hosts.length,
        hosts: group.hosts
          .slice(0, PREVIEW_HOSTS_MAX)
          .map(({ id, name }) => ({ hostId: id, hostName: name })),
        windows: windows.map(({ name }) => name),
        freezes: freezes.map(({ name }) => name),
        undetermined: [...windows, ...freezes].filter((rule) => !rule.isCertain).map(({ name }) => name),
        open: spans.map(({ from, to }) => ({ from: toTimestamp(from), to: toTimestamp(to) })),
        isCut,
      };
    }),
    groupsCount: groups.length,
    hostsCount: hosts.length,
  };
}

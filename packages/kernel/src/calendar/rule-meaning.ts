import {
  calendarPermissions,
  type FreezeView,
  isAppError,
  type OpenSpan,
  PREVIEW_HOSTS_MAX,
  RULE_SPANS_SHOWN,
  toTimestamp,
  type WindowView,
} from '@pilothouse/contract';
import type { Principal } from '../access/service.ts';
import type { HostEntry } from '../hosts/service.ts';
import type { CalendarRecord } from './calendar-store.ts';
import type { CalendarEndpointsDeps } from './endpoints.ts';
import type { TimeRule } from './open-state.ts';

type Meaning = Pick<WindowView & FreezeView, 'isOn' | 'next' | 'hostsCount' | 'hosts' | 'undeterminedCount'>;

/** When a rule holds next, and whom it covers of the hosts that the reader may see. */
export async function meaningOf(
  { rules, context, deps }: Pick<CalendarEndpointsDeps, 'rules' | 'context' | 'deps'>,
  { kind, record }: CalendarRecord,
  principal: Pick<Principal, 'scope'>,
): Promise<Meaning> {
  const now = context.clock.now();
  const times = rules.timesOf(kind, record.name);
  const { matched, undetermined } = await coveredBy(deps, record.selector);
  const scope = principal.scope(calendarPermissions.calendarRead.name);
  const isSeen = (host: HostEntry): boolean => scope.isAll || scope.includes(host);
  const hosts = matched.filter(isSeen);
  return {
    isOn: times?.at(now).isOpen ?? false,
    next: times === null ? [] : nextSpans(times, now),
    hostsCount: hosts.length,
    hosts: hosts.slice(0, PREVIEW_HOSTS_MAX).map(({ id, name }) => ({ hostId: id, hostName: name })),
    undeterminedCount: undetermined.filter(isSeen).length,
  };
}

/** Every host is undecided where the selector's facts have gone with their plugin. */
async function coveredBy({ select }: CalendarEndpointsDeps['deps'], selector: string | null) {
  try {
    return await select.run(selector ?? 'true');
  } catch (error) {
    if (!isAppError(error)) throw error;
    const { matched } = await select.run('true');
    return { matched: [], undetermined: matched };
  }
}

/** A span and the gap before it are a step each; one more for a gap at the end. */
const STEPS_MAX = 2 * RULE_SPANS_SHOWN + 1;

function nextSpans(times: TimeRule, now: number): OpenSpan[] {
  const spans: OpenSpan[] = [];
  let ms = now;
  for (let step = 0; step < STEPS_MAX && spans.length < RULE_SPANS_SHOWN; step++) {
    const { isOpen, until } = times.at(ms);
    if (until === null) break;
    if (isOpen) spans.push({ from: toTimestamp(ms), to: toTimestamp(until) });
    ms = until;
  }
  return spans;
}

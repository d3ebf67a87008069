import type { AuditService } from '../audit/service.ts';
import type { EventsService } from '../events/service.ts';
import type { FactsService } from '../facts/service.ts';
import type { HostsService } from '../hosts/service.ts';
import type { Endpoint } from '../http/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { SelectService } from '../select/service.ts';
import type { CalendarService } from './service.ts';

export interface CalendarDeps {
  readonly hosts: HostsService;
  readonly select: SelectService;
  readonly facts: FactsService;
  readonly events: EventsService;
  readonly audit: AuditService;
}

export interface CalendarRoom {
  readonly calendar: CalendarService;
  readonly endpoints: readonly Endpoint[];
}

/** Opens the calendar: reads windows and freezes back. */
export async function createCalendar(_context: KernelContext, _deps: CalendarDeps): Promise<CalendarRoom> {
  const calendar: CalendarService = {
    closedFor: () => null,
    checkWindows: () => {},
    neverOpen: () => [],
    onChanged: () => () => {},
  };
  return { calendar, endpoints: [] };
}

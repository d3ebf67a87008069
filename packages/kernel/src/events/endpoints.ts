import type { Clock } from '@pilothouse/base';
import { AppError, type Event, type EventsPage, eventsRoutes } from '@pilothouse/contract';
import type { HostsService } from '../hosts/service.ts';
import { type Endpoint, endpoint, type StreamItem } from '../http/service.ts';
import { type EventFilter, eventFilter } from './event-filter.ts';
import { followEvents } from './follow-events.ts';
import type { EventFeed, EventsService } from './service.ts';

/** Looked at for one answer: a reader of few hosts in a big fleet gets a short page rather than wait for a full one. */
const SCANNED_EVENTS_MAX = 5_000;
const SCANNED_AT_ONCE_MAX = 1_000;
/** Each follows the whole bus with a scope of its own; a console has one per open window. */
const STREAMS_MAX = 2_000;
const RETRY_SECONDS = 30;

export interface EventsEndpointsDeps {
  readonly events: EventFeed;
  readonly hosts: Pick<HostsService, 'index'>;
  readonly clock: Clock;
}

export function eventsEndpoints(deps: EventsEndpointsDeps): Endpoint[] {
  const { events, hosts, clock } = deps;
  let streamsCount = 0;

  async function* counted(items: AsyncIterable<StreamItem>): AsyncGenerator<StreamItem> {
    if (streamsCount >= STREAMS_MAX) throw new AppError('TOO_MANY_REQUESTS', { seconds: RETRY_SECONDS });
    streamsCount += 1;
    try {
      yield* items;
    } finally {
      streamsCount -= 1;
    }
  }

  return [
    endpoint(eventsRoutes.list, async ({ principal, query }) => {
      const after = query.after ?? (await events.oldestCursor());
      return readPage(events, {
        after,
        limit: query.limit,
        filter: eventFilter(principal, hosts.index, query.type),
      });
    }),
    endpoint(eventsRoutes.stream, async ({ principal, query, exchange, signal }) => {
      if (streamsCount >= STREAMS_MAX) throw new AppError('TOO_MANY_REQUESTS', { seconds: RETRY_SECONDS });
      const after =
        resumeCursor(exchange.header('last-event-id')) ?? query.after ?? (await events.latestCursor());
      // A refusal must come before the stream begins: afterwards it can only be cut.
      await events.after(after, 1);
      const filter = eventFilter(principal, hosts.index, query.type);
      return { stream: counted(followEvents({ events, clock, after, filter, signal })) };
    }),
  ];
}

function resumeCursor(header: string | null): number | null {
  if (header === null || header === '') return null;
  if (/^\d{1,15}$/.test(header)) return Number(header);
  throw new AppError('INVALID_REQUEST', {
    where: 'Last-Event-ID',
    problem: { en: 'not a cursor of this feed', zh: '不是该事件流的游标' },
  });
}

async function readPage(
  events: EventsService,
  page: { after: number; limit: number; filter: EventFilter },
): Promise<EventsPage> {
  const items: Event[] = [];
  let cursor = page.after;
  for (let scanned = 0; scanned < SCANNED_EVENTS_MAX && items.length < page.limit; ) {
    const batch = await events.after(cursor, SCANNED_AT_ONCE_MAX);
    if (batch.length === 0) break;
    for (const event of batch) {
      cursor = event.cursor;
      scanned += 1;
      if (page.filter(event)) items.push(event);
      if (items.length === page.limit) break;
    }
  }
  const latest = await events.latestCursor();
  return { items, cursor, isAtEnd: cursor >= latest, latest };
}

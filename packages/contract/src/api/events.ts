import { z } from 'zod';
import { definePermissions } from '../access.ts';
import { defineErrors } from '../errors.ts';
import { Event } from '../event.ts';
import { PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX } from '../page.ts';
import { defineRoute } from '../route.ts';
import { ruleText } from '../schema-text.ts';

export const eventsPermissions = definePermissions({
  eventsRead: {
    name: 'events.read',
    title: { en: 'See what happened to hosts', zh: '查看主机事件' },
    scope: 'hosts',
    isRead: true,
  },
});

export const eventsErrors = defineErrors({
  EVENTS_GONE: {
    status: 410,
    title: {
      en: 'The events after {after} are no longer kept in full: the feed reaches from {oldest} to {latest}',
      zh: '{after} 之后的事件已不完整：当前保留范围为 {oldest} 至 {latest}',
    },
    hint: {
      en: 'Read the state you follow again, then continue after {latest}.',
      zh: '请重新读取所跟踪的状态，然后从 {latest} 之后继续。',
    },
    retry: 'after-change',
  },
});

const Cursor = z.coerce.number().int().min(0);

/** One type (`host.online`) or all of a noun (`host.*`). */
const EventType = z.string().regex(
  /^[a-z][a-z-]*\.(\*|[a-z][a-z-]*)$/,
  ruleText({
    en: 'must be a type such as host.online, or host.* for all of a noun',
    zh: '必须是事件类型，例如 host.online，或以 host.* 表示该类全部事件',
  }),
);

export const EventsPage = z.object({
  items: z.array(Event),
  /** Continue with `after` = this; it moves also over events that were filtered out. */
  cursor: z.number().int(),
  /** False when the feed holds more right now. */
  isAtEnd: z.boolean(),
  /** Cursor of the newest event of all. */
  latest: z.number().int(),
});
export type EventsPage = z.infer<typeof EventsPage>;

const access = { kind: 'permission', permission: eventsPermissions.eventsRead.name } as const;

/** The durable feed, to be read in pages or followed. Events of hosts outside the reader's scope are left out. */
export const eventsRoutes = {
  list: defineRoute({
    id: 'events.list',
    method: 'GET',
    path: '/api/v1/events',
    summary: { en: 'Events in the order they happened', zh: '按发生顺序列出事件' },
    access,
    query: z.object({
      /** Absent: from the oldest that is kept. */
      after: Cursor.optional(),
      limit: z.coerce.number().int().min(1).max(PAGE_SIZE_MAX).default(PAGE_SIZE_DEFAULT),
      type: EventType.optional(),
    }),
    response: EventsPage,
    errors: ['EVENTS_GONE'],
    example: { query: { limit: '10' } },
  }),
  stream: defineRoute({
    id: 'events.stream',
    method: 'GET',
    path: '/api/v1/events/stream',
    summary: {
      en: 'Events as they happen; resumes after Last-Event-ID or `after`, otherwise begins now',
      zh: '实时事件流；可从 Last-Event-ID 或 after 之后继续，否则从当前开始',
    },
    access,
    query: z.object({ after: Cursor.optional(), type: EventType.optional() }),
    stream: 'text/event-stream',
    errors: ['EVENTS_GONE', 'TOO_MANY_REQUESTS'],
    example: {},
  }),
} as const;

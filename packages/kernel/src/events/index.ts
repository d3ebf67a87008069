/** The bus and its durable feed: tells what happened, to rooms and clients. Not the audit: events are dropped with age. */
export { createEvents, type EventsOptions, type EventsRoom } from './create-events.ts';
export { type EventsEndpointsDeps, eventsEndpoints } from './endpoints.ts';
export { eventsMigrations } from './migrations.ts';
export type { EventFeed, EventsService, NewEvent } from './service.ts';

import { type Clock, MINUTE_MS } from '@pilothouse/base';
import { type Event, isAppError } from '@pilothouse/contract';
import type { StreamItem } from '../http/service.ts';
import type { EventFilter } from './event-filter.ts';
import type { EventsService } from './service.ts';

/** Read from the feed at once: what a slow client makes the server hold for it. */
const BATCH_EVENTS_MAX = 200;
/** After so many events that the reader does not see it is told how far the feed is, so that it resumes from there. */
const SKIPPED_EVENTS_MAX = 1_000;
/** Then the client connects again and is judged anew: its session may have ended, its scope may have changed. */
export const STREAM_LIFE_MS = 15 * MINUTE_MS;

export interface Follow {
  readonly events: EventsService;
  readonly clock: Clock;
  readonly after: number;
  readonly filter: EventFilter;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

/**
 * Events one after another for as long as they are asked for. It pulls from the feed, so a client that does not read holds
 * at most one batch; one that falls behind what is kept gets an item `gone` with the error and the stream ends.
 */
export async function* followEvents(follow: Follow): AsyncGenerator<StreamItem> {
  const bell = createBell(follow);
  let cursor = follow.after;
  let skipped = 0;
  try {
    while (!bell.isOver()) {
      bell.reset();
      const batch = await nextBatch(follow, cursor);
      if ('gone' in batch) {
        yield { event: 'gone', data: batch.gone };
        return;
      }
      for (const event of batch.events) {
        cursor = event.cursor;
        skipped += 1;
        const isShown = follow.filter(event);
        if (!isShown && skipped < SKIPPED_EVENTS_MAX) continue;
        skipped = 0;
        yield isShown ? itemOf(event) : { event: 'cursor', id: String(cursor), data: { cursor } };
        if (bell.isOver()) return;
      }
      if (batch.events.length === 0) await bell.rung();
    }
  } finally {
    bell.close();
  }
}

const itemOf = (event: Event): StreamItem => ({ event: event.type, id: String(event.cursor), data: event });

async function nextBatch(
  { events }: Follow,
  cursor: number,
): Promise<{ events: Event[] } | { gone: { code: string; details: Readonly<Record<string, unknown>> } }> {
  try {
    return { events: await events.after(cursor, BATCH_EVENTS_MAX) };
  } catch (error) {
    if (isAppError(error) && error.code === 'EVENTS_GONE') {
      return { gone: { code: error.code, details: error.details } };
    }
    throw error;
  }
}

/** Rings on a new event and at the end. It remembers one ring and no events. */
function createBell({ events, clock, signal }: Follow) {
  let isOver = signal.aborted;
  let hasRung = false;
  let wake: () => void = () => undefined;
  const ring = (): void => {
    hasRung = true;
    wake();
  };
  const end = (): void => {
    isOver = true;
    ring();
  };
  const unsubscribe = events.subscribe(ring);
  const cancelLife = clock.after(STREAM_LIFE_MS, end);
  signal.addEventListener('abort', end, { once: true });
  return {
    isOver: () => isOver,
    reset(): void {
      hasRung = false;
    },
    rung: () =>
      new Promise<void>((resolve) => {
        wake = resolve;
        if (hasRung || isOver) resolve();
      }),
    close(): void {
      unsubscribe();
      cancelLife();
      signal.removeEventListener('abort', end);
    },
  };
}

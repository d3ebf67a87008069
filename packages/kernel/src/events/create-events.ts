/**
 * The bus and its feed.
 *
 * Problem: readers must see every event of a committed change, in order, also after they were away, and ten thousand hosts
 * make many of them.
 *
 * Rule: events are written in the transaction of what they tell, with cursors from one counter row: no gaps, and the order
 * of cursors is the order of commits. After the commit they enter a bounded tail in memory, which answers those who are up
 * to date; everybody else reads the table. Nobody is ever sent anything that he did not ask for, so a slow reader costs
 * no memory; one that is slower than retention is told EVENTS_GONE.
 *
 * Limits: retention counts events, not days. The tail is that of this process: with several servers on one store each
 * would have to learn of the others' commits.
 */
import { MINUTE_MS } from '@pilothouse/base';
import { AppError, type Event } from '@pilothouse/contract';
import type { KernelContext } from '../kernel-context.ts';
import type { Reconciler } from '../plugins/index.ts';
import type { EventFeed } from './service.ts';
import { dropThrough, insertEvents, readAfter, readRange } from './store.ts';

/** About 150 MB on disk, and weeks of an ordinary fleet; one rollout over ten thousand hosts makes some fifty thousand. */
export const EVENTS_KEPT_DEFAULT = 500_000;
/** A few seconds of a busy fleet: what readers who are nearly up to date ask for. About 1 MB. */
export const TAIL_EVENTS_MAX = 2_000;
/** Removed in one transaction, so that retention never holds others up for long. */
const DROPPED_AT_ONCE_MAX = 10_000;
const RETENTION_INTERVAL_MS = MINUTE_MS;

export interface EventsOptions {
  readonly eventsKeptMax?: number;
}

export interface EventsRoom {
  readonly events: EventFeed;
  readonly reconcilers: readonly Reconciler[];
}

/** Opens the feed where it ended. */
export async function createEvents(context: KernelContext, options: EventsOptions = {}): Promise<EventsRoom> {
  const keptMax = options.eventsKeptMax ?? EVENTS_KEPT_DEFAULT;
  const range = { ...(await readRange(context.store)) };
  const tail = createTail();
  const listeners = new Set<(event: Event) => void>();

  const committed = (events: readonly Event[]): void => {
    for (const event of events) {
      range.latest = event.cursor;
      tail.push(event);
      for (const listener of [...listeners]) notify(context, listener, event);
    }
  };
  const events: EventFeed = {
    async publish(transaction, published) {
      if (published.length === 0) return;
      const written = await insertEvents(transaction, published, context.clock.now());
      transaction.afterCommit(() => committed(written));
    },
    async after(cursor, limit) {
      refuseGone(cursor, range);
      if (cursor === range.latest) return [];
      // A commit can be read before its answer is here; who were given such an event would be refused its cursor.
      const told = Math.min(limit, range.latest - cursor);
      const found = tail.after(cursor, limit) ?? (await readAfter(context.store, cursor, told));
      // Retention may have passed while the table was read; what it left would not be all.
      refuseGone(cursor, range);
      return found;
    },
    latestCursor: async () => range.latest,
    oldestCursor: async () => range.droppedThrough,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const drop = () => dropOld(context, range, keptMax);
  return {
    events,
    reconcilers: [{ name: 'events.retention', intervalMs: RETENTION_INTERVAL_MS, run: drop }],
  };
}

interface MutableRange {
  latest: number;
  droppedThrough: number;
}

async function dropOld(context: KernelContext, range: MutableRange, keptMax: number): Promise<void> {
  while (range.latest - range.droppedThrough > keptMax) {
    const through = Math.min(range.latest - keptMax, range.droppedThrough + DROPPED_AT_ONCE_MAX);
    await context.store.transaction(async (transaction) => {
      await dropThrough(transaction, through);
      transaction.afterCommit(() => {
        range.droppedThrough = through;
      });
    });
  }
}

/** A cursor ahead of the feed comes from before a restored backup: waiting for its successors would miss events. */
function refuseGone(cursor: number, { latest, droppedThrough }: MutableRange): void {
  if (cursor >= droppedThrough && cursor <= latest) return;
  throw new AppError('EVENTS_GONE', { after: cursor, oldest: droppedThrough, latest });
}

function notify(context: KernelContext, listener: (event: Event) => void, event: Event): void {
  try {
    listener(event);
  } catch (cause) {
    context.log.error('event listener failed', { type: event.type, cursor: event.cursor, cause });
  }
}

/** The newest events; `after` is null when the asked range begins before them. */
function createTail() {
  let kept: Event[] = [];
  return {
    push(event: Event): void {
      kept.push(event);
      if (kept.length >= 2 * TAIL_EVENTS_MAX) kept = kept.slice(-TAIL_EVENTS_MAX);
    },
    after(cursor: number, limit: number): Event[] | null {
      const first = kept[0]?.cursor;
      if (first === undefined || cursor + 1 < first) return null;
      const start = cursor + 1 - first;
      return kept.slice(start, start + limit);
    },
  };
}

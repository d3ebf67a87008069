/**
 * Carries messages out.
 *
 * Problem: a receiver may be down for hours, slow or gone, and neither a rollout nor another receiver may wait for it.
 *
 * Rule: a message is durable before anybody tries to send it, and each try is recorded when it has ended. Channels are served
 * beside each other and in turn, one message at a time, the messages of one channel one after another, oldest first. A
 * failure is tried again with growing pauses; after so many tries the message is given up and stays visible. While the store
 * takes no record, the channel rests and what came of the try is kept: nobody is sent a message again because a disk is full.
 * What was sent and not yet recorded when the server dies is sent again: receivers see the same id and may drop the second.
 */
import { backoffMs, type Clock, HOUR_MS, MINUTE_MS, SECOND_MS } from '@pilothouse/base';
import { isAppError } from '@pilothouse/contract';
import type { KernelContext } from '../kernel-context.ts';
import { type DeliveryRow, readDue, readNextOf, updateDelivery } from './notifications-store.ts';
import type { OutgoingMessage } from './outgoing.ts';

/** With the pauses below the last try comes about four hours after the first. */
export const ATTEMPTS_MAX = 12;
const BACKOFF = { firstMs: 10 * SECOND_MS, maxMs: HOUR_MS };
/** Channels served at once. */
const CHANNELS_AT_ONCE = 8;
/** Looked again at least so often, in case a wake-up was lost. */
const LOOK_INTERVAL_MS = MINUTE_MS;
/** Before a store that did not take a record is asked again. */
const REST_MS = 10 * SECOND_MS;
const ERROR_CHARS_MAX = 300;

export interface Postman {
  /** Something may be due. */
  readonly wake: () => void;
  /** Starts no more and waits for what is being sent. */
  readonly close: () => Promise<void>;
  /** Resolves when nothing is due any more. */
  readonly idle: () => Promise<void>;
}

export interface PostmanDeps {
  readonly context: KernelContext;
  readonly random: () => number;
  readonly send: (message: OutgoingMessage) => Promise<void>;
}

export function createPostman(deps: PostmanDeps): Postman {
  const { context } = deps;
  const busy = new Map<string, Promise<void>>();
  /** Channels whose last try could not be recorded. */
  const rests = createRests(context.clock, () => wake());
  const unrecorded = new Map<string, DeliveryRow>();
  const turns = createTurns();
  let isClosed = false;
  let looking: Promise<void> | null = null;
  let isWanted = false;
  let cancelTimer = (): void => {};

  const look = async (): Promise<void> => {
    while (isWanted && !isClosed) {
      isWanted = false;
      const { channels, nextAt } = await readDue(context.store, context.clock.now());
      for (const channel of turns.inTurn(channels)) if (busy.size < CHANNELS_AT_ONCE) start(channel);
      cancelTimer();
      const waitMs = nextAt === null ? LOOK_INTERVAL_MS : nextAt - context.clock.now();
      // It fell due while the store was asked.
      if (waitMs <= 0) isWanted = true;
      else cancelTimer = context.clock.after(Math.min(waitMs, LOOK_INTERVAL_MS), wake);
    }
  };
  const wake = (): void => {
    isWanted = true;
    if (isClosed || looking !== null) return;
    looking = look()
      .catch((cause: unknown) => context.log.error('look for messages that are due', { cause }))
      .finally(() => {
        looking = null;
        if (isWanted) wake();
      });
  };
  const start = (channel: string): void => {
    if (busy.has(channel) || rests.has(channel)) return;
    turns.taken(channel);
    const work = serve({ ...deps, unrecorded }, channel)
      .catch((cause: unknown) => {
        context.log.error('send the messages of a channel', { channel, cause });
        if (!isClosed) rests.begin(channel);
      })
      .finally(() => {
        busy.delete(channel);
        wake();
      });
    busy.set(channel, work);
  };
  const settle = async (): Promise<void> => {
    const underWay = () => [...busy.values(), ...(looking === null ? [] : [looking])];
    for (let work = underWay(); work.length > 0; work = underWay()) await Promise.all(work);
  };
  return {
    wake,
    idle: settle,
    async close() {
      isClosed = true;
      cancelTimer();
      await settle();
      rests.endAll();
    },
  };
}

function createRests(clock: Pick<Clock, 'after'>, over: () => void) {
  const resting = new Map<string, () => void>();
  return {
    has: (channel: string): boolean => resting.has(channel),
    begin(channel: string): void {
      const cancel = clock.after(REST_MS, () => {
        resting.delete(channel);
        over();
      });
      resting.set(channel, cancel);
    },
    endAll(): void {
      for (const cancel of resting.values()) cancel();
    },
  };
}

interface Serving extends PostmanDeps {
  /** What came of tries that the store has not taken, one a channel. */
  readonly unrecorded: Map<string, DeliveryRow>;
}

/** One message, and then it is the turn of others: receivers that are down take their time over each. */
async function serve(deps: Serving, channel: string): Promise<void> {
  const { context, unrecorded } = deps;
  const after = unrecorded.get(channel) ?? (await tryNext(deps, channel));
  if (after === null) return;
  unrecorded.set(channel, after);
  await context.store.transaction((transaction) => updateDelivery(transaction, after));
  unrecorded.delete(channel);
}

/** Who had no turn yet comes first, then whose turn was longest ago. Remembers those alone that wait. */
function createTurns() {
  const turnOf = new Map<string, number>();
  let turn = 0;
  return {
    taken: (channel: string) => void turnOf.set(channel, (turn += 1)),
    inTurn(channels: readonly string[]): string[] {
      const waiting = new Set(channels);
      for (const channel of turnOf.keys()) if (!waiting.has(channel)) turnOf.delete(channel);
      return channels.toSorted((a, b) => (turnOf.get(a) ?? 0) - (turnOf.get(b) ?? 0));
    },
  };
}

/** Null: nothing is due. */
async function tryNext(deps: PostmanDeps, channel: string): Promise<DeliveryRow | null> {
  const { store, clock } = deps.context;
  const delivery = await readNextOf(store, channel, clock.now());
  return delivery === null ? null : attempt(deps, delivery);
}

async function attempt({ context, send, random }: PostmanDeps, before: DeliveryRow): Promise<DeliveryRow> {
  const attempts = before.attempts + 1;
  try {
    await send(before.message);
    const endedAt = context.clock.now();
    return { ...before, attempts, state: 'delivered', nextAt: null, endedAt, error: null };
  } catch (cause) {
    const error = problemOf(cause);
    const now = context.clock.now();
    const { id, channel } = before.message;
    context.log.warn('a message was not delivered', { id, channel, attempts, cause });
    // An address that is refused stays refused until a person changes something.
    if (attempts >= ATTEMPTS_MAX || isAppError(cause))
      return { ...before, attempts, state: 'dead', nextAt: null, endedAt: now, error };
    const pauseMs = BACKOFF.firstMs + backoffMs(attempts, BACKOFF, random());
    return { ...before, attempts, nextAt: now + pauseMs, error };
  }
}

/** For people who look after the channel; library errors carry codes such as ECONNREFUSED in their message. */
export function problemOf(cause: unknown): string {
  if (isAppError(cause)) return `${cause.code} ${JSON.stringify(cause.details)}`;
  return (cause instanceof Error ? cause.message || cause.name : String(cause)).slice(0, ERROR_CHARS_MAX);
}

/**
 * An event stream that outlives its connections.
 *
 * A broken or ended stream is opened again with Last-Event-ID, after a pause that grows while nothing arrives and starts
 * over with the first event. Refusals by the server (a problem answer) end it, except those that say "later"; so does the
 * caller, by leaving the loop or by its signal. Events are never given twice as long as the server honours the id.
 */
import { backoffMs } from '@pilothouse/base';
import { type Route } from '@pilothouse/contract';
import { isOfTheNetwork } from './ask-patiently.ts';
import { type CallInput, type CancelSignal, type Client, ProblemError } from './client.ts';
import { readEvents, type StreamEvent } from './read-events.ts';

export interface WatchWorld {
  readonly wait: (ms: number) => Promise<void>;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
}

const PAUSE_MS = 250;
const PAUSE_MS_MAX = 10_000;

export async function* watchEvents<R extends Route>(
  client: Client,
  route: R,
  input: CallInput<R>,
  world: WatchWorld,
): AsyncGenerator<StreamEvent> {
  let lastId: string | null = null;
  let failures = 0;
  while (!isAborted(input)) {
    try {
      const headers: Record<string, string> = { ...input.headers };
      if (lastId !== null) headers['last-event-id'] = lastId;
      for await (const event of readEvents(await client.stream(route, { ...input, headers }))) {
        failures = 0;
        lastId = event.id ?? lastId;
        yield event;
      }
    } catch (error) {
      if (!isWorthAnother(error)) throw error;
    }
    if (isAborted(input)) return;
    await world.wait(backoffMs(failures, { firstMs: PAUSE_MS, maxMs: PAUSE_MS_MAX }, world.random()));
    failures += 1;
  }
}

const isAborted = (input: { readonly signal?: CancelSignal }): boolean => input.signal?.aborted ?? false;

/** Network errors are; words of the server are when they say so; anything else is a bug or a refusal. */
function isWorthAnother(error: unknown): boolean {
  if (error instanceof ProblemError) return error.problem.retry === 'later';
  return isOfTheNetwork(error);
}

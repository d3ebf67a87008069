import { AppError } from '@pilothouse/contract';
import { networkOf } from './peer-address.ts';

/** Requests and streams of people, open at once: each holds a socket, and a stream a cursor besides. */
const PEOPLE_MAX = 2000;
/** Of one person, with all their tokens and windows. Half, so that nobody alone keeps the others out. */
const PERSON_MAX = 1000;
/** Of all whom nobody knows yet, beside those of people: who is signed in works on while strangers read no answer. */
const STRANGERS_MAX = 1000;
/** Of one place, where many people may sign in at once; an answer to a stranger is short. */
const PLACE_MAX = 100;
const RETRY_SECONDS = 10;

/** Monitors and balancers ask whether the server is there, and are not told to wait. */
export type Asker =
  | { readonly kind: 'person'; readonly id: string }
  | { readonly kind: 'stranger'; readonly address: string }
  | { readonly kind: 'monitor' };

/** An answer on its way, as node has it. */
interface Answering {
  readonly destroyed: boolean;
  once(event: 'close', listener: () => void): unknown;
}

export interface OpenRequests {
  /** Aborted when who asks goes away or the server stops. AppError TOO_MANY_REQUESTS. */
  begin(response: Answering, by: Asker): AbortSignal;
  endAll(): void;
}

/** What is being answered, and to whom: one who opens streams, or reads no answer, must not hold every place. */
export function createOpenRequests(): OpenRequests {
  const open = new Set<AbortController>();
  const counts = new Map<string, number>();
  const count = (key: string, by: 1 | -1): void => {
    const next = (counts.get(key) ?? 0) + by;
    if (next === 0) counts.delete(key);
    else counts.set(key, next);
  };
  return {
    begin(response, by) {
      const controller = new AbortController();
      if (response.destroyed) {
        // They left while their credentials were looked up: nothing will say so a second time.
        controller.abort();
        return controller.signal;
      }
      const bounds = boundsOf(by);
      if (bounds.some(({ key, max }) => (counts.get(key) ?? 0) >= max))
        throw new AppError('TOO_MANY_REQUESTS', { seconds: RETRY_SECONDS });
      open.add(controller);
      for (const { key } of bounds) count(key, 1);
      response.once('close', () => {
        open.delete(controller);
        for (const { key } of bounds) count(key, -1);
        controller.abort();
      });
      return controller.signal;
    },
    endAll() {
      for (const controller of open) controller.abort();
    },
  };
}

function boundsOf(by: Asker): { readonly key: string; readonly max: number }[] {
  if (by.kind === 'monitor') return [];
  if (by.kind === 'person')
    return [
      { key: 'people', max: PEOPLE_MAX },
      { key: `person ${by.id}`, max: PERSON_MAX },
    ];
  return [
    { key: 'strangers', max: STRANGERS_MAX },
    { key: `place ${networkOf(by.address)}`, max: PLACE_MAX },
  ];
}

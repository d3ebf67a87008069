import { type Clock, HOUR_MS, MINUTE_MS } from '@pilothouse/base';
import type { AgentLog } from '../log.ts';
import { createDueTimes } from './due-times.ts';
import type { FactCollection, FactOffer, FoundFact } from './fact-collection.ts';

/** When nothing at all could be collected, not even the list of what there is. */
const RETRY_MS = 10 * MINUTE_MS;
/** Who wants to hear of the next round's end: more than a server asks at once. */
const WAITING_MAX = 64;

export interface FactRoundsOptions {
  readonly collection: FactCollection;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: AgentLog;
  /** Called after a round. */
  readonly settled: () => void;
}

export interface RoundListener {
  /** The list of facts is another one than before: the first time, and after the program was replaced. */
  readonly changed: (facts: readonly FactOffer[]) => void;
  readonly found: (fact: FoundFact) => void;
}

export interface FactRounds {
  /** Collects these as soon as the round that is under way has ended; `done` is called once they have been. */
  request(names: readonly string[] | 'all', done?: () => void): void;
  stop(): void;
}

/** One round after another: what is due, and what was asked for meanwhile. */
export function createFactRounds(options: FactRoundsOptions, listener: RoundListener): FactRounds {
  const { clock, collection, log } = options;
  const due = createDueTimes(clock, options.random);
  const wanted = new Set<string>();
  const waiting: (() => void)[] = [];
  let isAllWanted = false;
  let isBusy = false;
  let isStopped = false;
  let cancelTimer = (): void => {};

  const toCollection = {
    offered(facts: readonly FactOffer[]): void {
      if (due.learn(facts)) listener.changed(facts);
    },
    found(fact: FoundFact): void {
      if (due.collected(fact.report.fact)) listener.found(fact);
    },
  };

  function request(names: readonly string[] | 'all', done?: () => void): void {
    if (done !== undefined && waiting.length < WAITING_MAX) waiting.push(done);
    if (names === 'all') isAllWanted = true;
    else for (const name of names) wanted.add(name);
    if (isBusy || isStopped) return;
    isBusy = true;
    cancelTimer();
    work()
      .catch((cause: unknown) => {
        log.error('facts could not be collected', { cause: String(cause) });
        due.postpone(RETRY_MS);
      })
      .finally(() => {
        isBusy = false;
        options.settled();
        scheduleNext();
      });
  }

  async function work(): Promise<void> {
    while (!isStopped && (isAllWanted || wanted.size > 0)) {
      const names = isAllWanted ? null : [...wanted];
      isAllWanted = false;
      wanted.clear();
      // Whoever asks from now on is served by the next round: this one may have read what they are after already.
      const served = waiting.splice(0);
      await collection.collect(names, toCollection);
      for (const done of served) done();
    }
  }

  function scheduleNext(): void {
    if (isStopped) return;
    const nextMs = due.nextMs() ?? RETRY_MS;
    cancelTimer = clock.after(Math.min(nextMs, HOUR_MS), () => {
      if (due.nextMs() === null) return request('all');
      const names = due.now();
      if (names.length > 0) request(names);
      else scheduleNext();
    });
  }

  return {
    request,
    stop() {
      isStopped = true;
      cancelTimer();
      collection.stop();
    },
  };
}

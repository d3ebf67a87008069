import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@pilothouse/client';
import { hostsRoutes, rolloutRoutes } from '@pilothouse/contract';
import { quantile } from './statistics.ts';

const PAUSE_MS = 40;

export interface ApiLatencies {
  readonly p50: number;
  readonly p99: number;
  readonly count: number;
}

/** Somebody who reads: a page of hosts and the run in turn, one after the other, until `end`. */
export function sampleApi(client: Client, rolloutId: string): { end(): Promise<ApiLatencies> } {
  const times: number[] = [];
  let isOver = false;
  const timed = async (ask: () => Promise<unknown>): Promise<void> => {
    const began = performance.now();
    await ask();
    times.push(performance.now() - began);
    await delay(PAUSE_MS);
  };
  const reading = (async () => {
    while (!isOver) {
      await timed(() => client.call(hostsRoutes.list, { query: { limit: 50 } }));
      await timed(() => client.call(rolloutRoutes.get, { params: { rolloutId } }));
    }
  })();
  return {
    async end() {
      isOver = true;
      await reading;
      return { p50: quantile(times, 0.5), p99: quantile(times, 0.99), count: times.length };
    },
  };
}

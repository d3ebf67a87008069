/** For tests: people who ask one thing after another, read and write in turn, with the patience of the command line. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Client, createClient } from '@pilothouse/client';
import { apiTokenRoutes, enrolmentRoutes } from '@pilothouse/contract';
import { testFetch } from '@pilothouse/testkit';

/** Between two wishes of one person; the server's limit per person allows 250 requests a second. */
const PAUSE_MS = 50;

export interface Asked {
  readonly reads: number;
  /** Names of what was made. */
  readonly made: readonly string[];
  /** Requests that were sent more than once. */
  readonly repeated: number;
  readonly slowestMs: number;
  readonly failures: readonly unknown[];
}

export interface AskingPeople {
  stop(): Promise<Asked>;
}

/** What a client asks again with, as the command line does. */
export const patient = (waiting: () => void = () => undefined) => ({
  newIdempotencyKey: () => crypto.randomUUID(),
  patience: {
    wait: (ms: number) => delay(ms),
    random: Math.random,
    monotonic: () => performance.now(),
    waiting,
  },
});

/** `client`: of somebody who may make tokens. */
export async function askOnAndOn(client: Client, baseUrl: string, people: number): Promise<AskingPeople> {
  const { secret } = await client.call(apiTokenRoutes.create, { body: { name: 'people' } });
  const { fetch, close } = testFetch();
  const asked = { reads: 0, made: [] as string[], repeated: 0, slowestMs: 0, failures: [] as unknown[] };
  const asking = createClient({
    baseUrl,
    fetch,
    token: secret,
    language: 'en',
    ...patient(() => void asked.repeated++),
  });
  let isOver = false;
  const timed = async (run: () => Promise<unknown>): Promise<boolean> => {
    const begunAt = performance.now();
    try {
      await run();
      return true;
    } catch (error) {
      asked.failures.push(error);
      return false;
    } finally {
      asked.slowestMs = Math.max(asked.slowestMs, Math.round(performance.now() - begunAt));
    }
  };
  const ask = async (person: number): Promise<void> => {
    for (let turn = 0; !isOver; turn++) {
      const name = `person ${person} turn ${turn}`;
      const make = () => asking.call(enrolmentRoutes.createToken, { body: { name, usesMax: 1 } });
      if (await timed(make)) asked.made.push(name);
      const look = () => asking.call(enrolmentRoutes.listTokens, { query: { limit: 1 } });
      if (await timed(look)) asked.reads += 1;
      await delay(PAUSE_MS);
    }
  };
  const all = Promise.all(Array.from({ length: people }, (_, person) => ask(person)));
  return {
    async stop() {
      isOver = true;
      await all;
      close();
      return asked;
    },
  };
}

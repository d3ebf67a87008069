import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, defineRoute, isAppError } from '@pilothouse/contract';
import { z } from 'zod';
import type { Fetch } from './client.ts';
import { createClient } from './create-client.ts';

const shape = {
  path: '/things',
  summary: { en: 'Test', zh: '测试' },
  access: { kind: 'signed-in' },
  response: z.object({ size: z.number() }),
  errors: [],
  example: {},
} as const;
const readThings = defineRoute({ ...shape, id: 'things.read', method: 'GET' });
const addThing = defineRoute({ ...shape, id: 'things.add', method: 'POST' });

interface Scripted {
  readonly status: number;
  readonly retryAfter?: string;
}
const gone: AppError = new AppError('CLIENT_UNREACHABLE', { url: 'https://x', reason: 'ECONNREFUSED' });
const done: Scripted = { status: 200 };
const busy: Scripted = { status: 503, retryAfter: '2' };

const bodyOf = (status: number): string =>
  status === 200
    ? '{"size":2}'
    : JSON.stringify({
        type: 'about:blank',
        title: 'no',
        status,
        code: status === 503 ? 'FRONT_LEADER_AWAY' : 'NOT_FOUND',
        hint: 'later',
        retry: status === 503 ? 'later' : 'never',
        requestId: 'q1',
      });

/** Each attempt takes a millisecond; pauses pass at once and are noted. The last word is repeated. */
function scripted(words: readonly (Scripted | Error)[], token: string | null = 't1') {
  const keys: (string | undefined)[] = [];
  const pauses: number[] = [];
  let now = 0;
  let tellings = 0;
  let fresh = 0;
  const fetch: Fetch = async (_url, { headers }) => {
    const word = words[keys.length] ?? words.at(-1) ?? done;
    keys.push(headers['idempotency-key']);
    now += 1;
    if (word instanceof Error) throw word;
    const kept: Record<string, string | undefined> = {
      'content-type': 'application/json',
      'retry-after': word.retryAfter,
    };
    return {
      status: word.status,
      headers: { get: (name) => kept[name] ?? null },
      text: async () => bodyOf(word.status),
      body: null,
    };
  };
  const patience = {
    wait: async (ms: number) => {
      now += ms;
      pauses.push(ms);
    },
    random: () => 0.5,
    monotonic: () => now,
    waiting: () => void tellings++,
  };
  const newIdempotencyKey = (): string => `k${++fresh}`;
  const options = { baseUrl: 'https://x', fetch, token, language: 'en', patience, newIdempotencyKey };
  return {
    client: createClient(options),
    keys,
    pauses,
    now: () => now,
    tellings: () => tellings,
  };
}

const codeIs = (code: string) => (error: unknown) => isAppError(error) && error.code === code;

test('what reads is asked again until somebody is there, and the one who waits is told once', async () => {
  const { client, pauses, tellings } = scripted([gone, gone, gone, done]);

  const answer = await client.call(readThings);

  assert.deepEqual(answer, { size: 2 });
  assert.deepEqual(pauses, [50, 100, 200]);
  assert.equal(tellings(), 1);
});

test('a write is asked again under the same key, and another write brings another', async () => {
  const broken = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
  const { client, keys } = scripted([broken, done]);

  await client.call(addThing);
  await client.call(addThing);

  assert.deepEqual(keys, ['k1', 'k1', 'k2']);
});

test('a server that says later is waited for as long as it asks', async () => {
  const { client, pauses } = scripted([busy, done]);

  await client.call(readThings);

  assert.deepEqual(pauses, [2_000]);
});

test('a write whose sender the server does not know is sent once', async () => {
  const { client, keys } = scripted([gone], null);

  await assert.rejects(client.call(addThing), codeIs('CLIENT_UNREACHABLE'));

  assert.equal(keys.length, 1);
});

test('a refusal is final, and so is a bug', async () => {
  for (const word of [{ status: 404 }, new TypeError('no such thing')]) {
    const { client, keys } = scripted([word]);

    await assert.rejects(client.call(readThings));

    assert.equal(keys.length, 1);
  }
});

test('a server that stays away is given up after some seconds, with the last thing that was heard of it', async () => {
  const { client, now } = scripted([busy, gone]);

  await assert.rejects(client.call(readThings), codeIs('CLIENT_UNREACHABLE'));

  assert.ok(now() > 11_000 && now() <= 12_000, String(now()));
});

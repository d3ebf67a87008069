import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, defineRoute, isAppError } from '@pilothouse/contract';
import { z } from 'zod';
import { type Fetch, ProblemError } from './client.ts';
import { collectAll } from './collect-all.ts';
import { createClient } from './create-client.ts';
import { watchEvents } from './watch-events.ts';

const access = { kind: 'signed-in' } as const;
const summary = { en: 'Test', zh: '测试' };
const putThing = defineRoute({
  id: 'things.put',
  method: 'PUT',
  path: '/things/{id}',
  summary,
  access,
  params: z.object({ id: z.string() }),
  query: z.object({ tag: z.array(z.string()).optional(), limit: z.number().optional() }),
  body: z.object({ size: z.number() }),
  response: z.object({ id: z.string(), size: z.number() }),
  errors: [],
  example: {},
});
const feed = defineRoute({
  id: 'things.feed',
  method: 'GET',
  path: '/feed',
  summary,
  access,
  stream: 'text/event-stream',
  errors: [],
  example: {},
});

type Sent = { url: string; init: Parameters<Fetch>[1] };

function scripted(answers: readonly { status: number; type: string; body: string }[]) {
  const sent: Sent[] = [];
  const fetch: Fetch = async (url, init) => {
    const answer = answers[sent.length];
    sent.push({ url, init });
    if (answer === undefined) throw new AppError('CLIENT_UNREACHABLE', { url, reason: 'end of script' });
    return {
      status: answer.status,
      headers: { get: (name) => (name === 'content-type' ? answer.type : null) },
      text: async () => answer.body,
      body: (async function* () {
        yield Buffer.from(answer.body);
      })(),
    };
  };
  return { sent, client: createClient({ baseUrl: 'https://x/', fetch, token: 't1', language: 'zh' }) };
}

test('builds the request from the route and parses its answer', async () => {
  const { sent, client } = scripted([
    { status: 200, type: 'application/json', body: '{"id":"a/b","size":2,"extra":1}' },
  ]);

  const thing = await client.call(putThing, {
    params: { id: 'a/b' },
    query: { tag: ['x y', 'z'] },
    body: { size: 2 },
    etag: '7',
  });

  assert.deepEqual(thing, { id: 'a/b', size: 2 });
  assert.equal(sent[0]?.url, 'https://x/things/a%2Fb?tag=x%20y&tag=z');
  assert.deepEqual(sent[0]?.init, {
    method: 'PUT',
    headers: {
      accept: 'application/json',
      'accept-language': 'zh',
      authorization: 'Bearer t1',
      'if-match': '"7"',
      'content-type': 'application/json',
    },
    body: '{"size":2}',
  });
});

test('throws the problem that the server answered', async () => {
  const problem = {
    type: 'about:blank',
    title: 'no',
    status: 404,
    code: 'NOT_FOUND',
    hint: 'look',
    retry: 'never',
    requestId: 'q1',
    details: { id: 'a' },
  };
  const { client } = scripted([
    { status: 404, type: 'application/problem+json', body: JSON.stringify(problem) },
  ]);

  await assert.rejects(
    client.call(putThing, { params: { id: 'a' }, body: { size: 1 } }),
    (error) =>
      error instanceof ProblemError && error.code === 'NOT_FOUND' && error.problem.requestId === 'q1',
  );
});

test('says so when the answer is not of this API', async () => {
  const input = { params: { id: 'a' }, body: { size: 1 } };
  const answers = [
    { status: 502, type: 'text/html', body: '<h1>Bad gateway</h1>' },
    { status: 200, type: 'application/json', body: '{"id":1}' },
    { status: 200, type: 'application/json', body: '{' },
  ];
  const { client } = scripted(answers);

  for (const _ of answers) {
    await assert.rejects(
      client.call(putThing, input),
      (error) => isAppError(error) && error.code === 'CLIENT_ANSWER_INVALID',
    );
  }
});

test('opens a broken event stream again after the last event it saw', async () => {
  const type = 'text/event-stream';
  const { sent, client } = scripted([
    { status: 200, type, body: 'id: 1\ndata: a\n\nid: 2\ndata: b\n\n' },
    { status: 200, type, body: 'id: 3\ndata: c\n\n' },
  ]);
  const pauses: number[] = [];
  const seen: string[] = [];

  const world = { wait: async (ms: number) => void pauses.push(ms), random: () => 0.5 };
  for await (const event of watchEvents(client, feed, {}, world)) {
    seen.push(event.data);
    if (seen.length === 3) break;
  }

  assert.deepEqual(seen, ['a', 'b', 'c']);
  assert.deepEqual(
    sent.map(({ init }) => init.headers['last-event-id']),
    [undefined, '2'],
  );
  assert.deepEqual(pauses, [125]);
});

test('ends the watch when the server refuses it', async () => {
  const problem = {
    type: 'x',
    title: 'no',
    status: 403,
    code: 'FORBIDDEN',
    hint: 'h',
    retry: 'never',
    requestId: 'q',
  };
  const { client } = scripted([{ status: 403, type: 'application/json', body: JSON.stringify(problem) }]);

  await assert.rejects(
    collectAll(watchEvents(client, feed, {}, { wait: async () => {}, random: () => 0 })),
    (error) => isAppError(error) && error.code === 'FORBIDDEN',
  );
});

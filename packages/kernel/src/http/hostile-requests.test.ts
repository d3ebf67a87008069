/** Requests that are none, over real sockets, and askers who do not stop. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { AppError, commonErrors, defineRoute, Problem } from '@pilothouse/contract';
import { openTestStore } from '@pilothouse/store/test-store';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import { fuzzParameters, hostileText } from '@pilothouse/testkit/fuzz';
import fc from 'fast-check';
import { z } from 'zod';
import type { Principal } from '../access/service.ts';
import { type Log, silentLog } from '../log.ts';
import { createHttp } from './create-http.ts';
import { createIdempotency } from './idempotency.ts';
import { createMetrics } from './metrics.ts';
import { httpMigrations } from './migrations.ts';
import { catalogueOf } from './problem-answer.ts';
import { endpoint } from './service.ts';
import { createIdempotencyStore } from './store.ts';

const person = (id: string): Principal => ({
  actor: { kind: 'token', id: `${id}-token`, name: id },
  person: { id, name: id },
  has: () => true,
  scope: () => ({ isAll: true, isNone: false, includes: () => true }),
});
const routeOf = (id: string, access: 'public' | 'signed-in') =>
  defineRoute({
    id,
    method: 'GET',
    path: `/api/v1/${access}/{name}`,
    summary: { en: 'test', zh: '测试' },
    access: { kind: access },
    params: z.object({ name: z.string().max(5) }),
    response: z.object({ ok: z.boolean() }),
    errors: [],
    example: {},
  });

const edit = defineRoute({
  id: 'edit',
  method: 'PUT',
  path: '/api/v1/edit',
  summary: { en: 'test', zh: '测试' },
  access: { kind: 'signed-in' },
  body: z.object({ text: z.string() }),
  response: z.object({ ifMatch: z.string().nullable() }),
  errors: [],
  example: {},
});

const stream = defineRoute({
  id: 'stream',
  method: 'GET',
  path: '/api/v1/stream',
  summary: { en: 'test', zh: '测试' },
  access: { kind: 'signed-in' },
  stream: 'text/event-stream',
  errors: [],
  example: {},
});

/** Says one thing, and then nothing until its reader goes. */
async function* endless(signal: AbortSignal): AsyncGenerator<{ data: string }> {
  yield { data: 'a' };
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

interface TestCredentials {
  areGood: boolean;
  rights?: readonly unknown[];
  /** Why nobody can say whether they are good. */
  trouble?: AppError;
}

async function serve(credentials: TestCredentials = { areGood: true }, log: Log = silentLog) {
  const store = await openTestStore();
  await store.migrate([httpMigrations]);
  const clock = fakeClock();
  const ids = { now: () => clock.now(), fill: (target: Uint8Array) => target.fill(7) };
  const http = createHttp({
    clock,
    log,
    authenticator: {
      nobody: person('nobody'),
      async authenticate({ authorization }) {
        const { areGood, rights = [], trouble } = credentials;
        if (trouble !== undefined) throw trouble;
        if (authorization === undefined || !areGood) return null;
        return { principal: { ...person(authorization.slice(7)), rights }, by: 'token' };
      },
    },
    catalogue: catalogueOf([commonErrors]),
    idempotency: createIdempotency({ clock, ids }, createIdempotencyStore(store)),
    metrics: createMetrics(),
    isAnswerChecked: true,
    endpoints: [
      endpoint(routeOf('open', 'public'), async () => ({ ok: true })),
      endpoint(routeOf('closed', 'signed-in'), async () => ({ ok: true })),
      endpoint(edit, async ({ ifMatch }) => ({ ifMatch })),
      endpoint(stream, async ({ signal }) => ({ stream: endless(signal) })),
    ],
    tls: null,
  });
  const { port } = await http.listen({ host: '127.0.0.1', port: 0 });
  const close = async () => {
    await http.close();
    await store.close();
  };
  return { http, clock, port, close };
}

/** Everything that comes back for these bytes. */
async function raw(port: number, bytes: string | Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.end(bytes);
  return text(socket).catch(() => '');
}

function assertProblem(answer: string): void {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  assert.match(head, /^HTTP\/1\.1 4\d\d /, answer);
  assert.match(head, /content-type: application\/problem\+json/i, answer);
  const { code } = Problem.parse(JSON.parse(body));
  assert.equal(code, 'INVALID_REQUEST');
  assert.doesNotMatch(body, /FST_|HPE_|node_modules|\.ts/);
}

test('what is no request, or has no place, is refused as every other refusal is', async (t) => {
  const { port, close } = await serve();
  t.after(close);
  const get = (path: string, more = ''): string =>
    `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}Connection: close\r\n\r\n`;

  assertProblem(await raw(port, 'hello\r\n\r\n'));
  assertProblem(await raw(port, get(`/api/v1/public/${'a'.repeat(2_000)}`)));
  assertProblem(await raw(port, get('/api/v1/public/%zz')));
  assertProblem(await raw(port, get('/x', `X-Long: ${'a'.repeat(100_000)}\r\n`)));
  assertProblem(await raw(port, get('/x', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n')));
  assertProblem(await raw(port, Buffer.from([0x16, 3, 1, 0, 0xff, 0, 0])));
});

test('a body that breaks off is no fault of ours, and is no error in the log', async (t) => {
  const errors: string[] = [];
  const noted = Promise.withResolvers<string>();
  const log: Log = { ...silentLog, error: (text) => void errors.push(text), debug: noted.resolve };
  const { port, close } = await serve({ areGood: true }, log);
  t.after(close);
  const socket = connect(port, '127.0.0.1');
  const head =
    'PUT /api/v1/edit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"te';

  socket.write(head, () => socket.destroy());

  assert.equal(await noted.promise, 'request broke off');
  assert.deepEqual(errors, []);
});

test('an If-Match that names no one version is refused rather than taken for none', async (t) => {
  const { http, close } = await serve();
  t.after(close);
  const put = (header: string | undefined) =>
    http.inject({
      method: 'PUT',
      url: '/api/v1/edit',
      headers: { authorization: 'Bearer ada', ...(header === undefined ? {} : { 'if-match': header }) },
      payload: { text: 'a' },
    });

  for (const odd of ['1', '"1", "2"', '"', '', 'W/1', '"1"x', '"1" *'])
    assertProblem(`HTTP/1.1 400 \r\ncontent-type: application/problem+json\r\n\r\n${(await put(odd)).body}`);
  for (const [header, seen] of [
    [undefined, null],
    ['"7"', '7'],
    ['W/"7"', '7'],
    [' * ', '*'],
  ] as const)
    assert.deepEqual((await put(header)).json(), { ifMatch: seen });
});

test('a header that was slipped into a value changes no answer', async (t) => {
  const { port, close } = await serve();
  t.after(close);

  const answer = await raw(
    port,
    'GET /api/v1/public/a%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  );

  assert.doesNotMatch(answer.split('\r\n\r\n')[0] ?? '', /set-cookie/i);
});

test('any bytes are answered or closed, and the next asker is served', async (t) => {
  const { port, close } = await serve();
  t.after(close);
  const line = fc
    .tuple(fc.constantFrom('GET', 'POST', 'FOO', ''), hostileText, hostileText)
    .map(([method, path, header]) => `${method} /${path} HTTP/1.1\r\nHost: x\r\nX: ${header}\r\n\r\n`);
  const bytes = fc.oneof(
    line,
    fc.uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each)),
  );

  await fc.assert(
    fc.asyncProperty(bytes, async (each) => {
      const answer = await raw(port, each);
      assert.ok(answer === '' || /^HTTP\/1\.1 [1-4]\d\d /.test(answer), answer.slice(0, 300));
      assert.doesNotMatch(answer, /node_modules|\n\s+at /);
    }),
    fuzzParameters(t, { runs: 100 }),
  );
  assert.match(
    await raw(port, 'GET /api/v1/public/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
    /200 OK/,
  );
});

test('who asks without end is told to wait: a person across all tokens, and a place that nobody is known from', async (t) => {
  const { http, clock, close } = await serve();
  t.after(close);
  const ask = async (who: string | null, path = 'signed-in') =>
    (
      await http.inject({
        url: `/api/v1/${path}/a`,
        headers: who === null ? {} : { authorization: `Bearer ${who}` },
      })
    ).statusCode;
  const until = async (status: number, one: () => Promise<number>): Promise<number> => {
    for (let count = 0; count < 5_000; count++) if ((await one()) === status) return count;
    return -1;
  };

  assert.equal(await until(429, () => ask('ada')), 3_000);
  assert.equal(await ask('bob'), 200);
  assert.equal(await until(429, () => ask(null)), 600);
  assert.equal(await ask(null, 'public'), 429);
  // A good credential from the same place is not held up.
  assert.equal(await ask('bob'), 200);
  clock.advance(1_000);
  assert.equal(await ask('ada'), 200);
  assert.equal(await ask(null), 401);
});

test('one person’s open streams keep nobody else out', async (t) => {
  const { http, close } = await serve();
  t.after(close);
  const follow = (who: string) =>
    http.inject({
      url: '/api/v1/stream',
      headers: { authorization: `Bearer ${who}` },
      payloadAsStream: true,
    });

  const held = await Promise.all(Array.from({ length: 1_000 }, () => follow('ada')));

  assert.deepEqual(new Set(held.map(({ statusCode }) => statusCode)), new Set([200]));
  assert.equal((await follow('ada')).statusCode, 429);
  assert.equal((await follow('bob')).statusCode, 200);
});

test('a stream ends soon after the credentials of its reader', async (t) => {
  const credentials = { areGood: true };
  const { http, clock, close } = await serve(credentials);
  t.after(close);
  const answer = await http.inject({
    url: '/api/v1/stream',
    headers: { authorization: 'Bearer ada' },
    payloadAsStream: true,
  });
  const ended = once(answer.raw.res, 'close');
  clock.advance(31_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(answer.raw.res.destroyed, false);

  credentials.areGood = false;
  clock.advance(31_000);

  await ended;
});

test('a stream ends soon after the rights of its reader are others, and not because nobody can say what they are', async (t) => {
  const rights = [{}, {}];
  const credentials: TestCredentials = { areGood: true, rights };
  const { http, clock, close } = await serve(credentials);
  t.after(close);
  const answer = await http.inject({
    url: '/api/v1/stream',
    headers: { authorization: 'Bearer ada' },
    payloadAsStream: true,
  });
  const ended = once(answer.raw.res, 'close');
  const look = async (): Promise<void> => {
    clock.advance(31_000);
    await new Promise((resolve) => setImmediate(resolve));
  };
  credentials.trouble = new AppError('STORE_AWAY', { place: 'x' });
  await look();
  delete credentials.trouble;
  credentials.rights = [...rights];
  await look();
  assert.equal(answer.raw.res.destroyed, false);

  credentials.rights = [rights[0], {}];
  clock.advance(31_000);

  await ended;
});

test('whose credentials cannot be looked up is not taken for somebody who guesses', async (t) => {
  const { http, close } = await serve({ areGood: true, trouble: new AppError('STORE_AWAY', { place: 'x' }) });
  t.after(close);
  const headers = { authorization: 'Bearer ada' };

  for (let n = 0; n < 700; n++)
    assert.notEqual((await http.inject({ url: '/api/v1/signed-in/a', headers })).statusCode, 429);
});

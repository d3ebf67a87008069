import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { AppError, defineRoute, type Route } from '@pilothouse/contract';
import { z } from 'zod';
import { type Log, silentLog } from '../log.ts';
import { asAda, base, countingEcho, good, isPublic, openTestHttp } from './open-test-http.ts';
import { endpoint } from './service.ts';

test('parses every part of a request and says where one is wrong, in the language asked for', async (t) => {
  const { http, close } = await openTestHttp([countingEcho()]);
  t.after(close);

  const fine = await http.inject({
    method: 'POST',
    url: '/api/v1/things/ab?count=3',
    headers: asAda,
    payload: good,
  });
  const bad = await http.inject({
    method: 'POST',
    url: '/api/v1/things/ab',
    headers: { ...asAda, 'accept-language': 'zh-CN,en;q=0.5' },
    payload: { items: [{ size: 1 }, { size: 'x' }] },
  });
  const path = await http.inject({
    method: 'POST',
    url: '/api/v1/things/abcdef',
    headers: asAda,
    payload: good,
  });
  const text = await http.inject({
    method: 'POST',
    url: '/api/v1/things/ab',
    headers: { ...asAda, 'content-type': 'application/json' },
    payload: '{"items":',
  });

  assert.deepEqual(fine.json(), { name: 'ab', count: 3, calls: 1, etag: 'v1' });
  assert.equal(fine.headers['etag'], '"v1"');
  assert.match(String(bad.headers['content-type']), /^application\/problem\+json/);
  assert.equal(bad.json().details.where, 'body.items[1].size');
  assert.equal(bad.json().title, '请求无效：无效输入：期望 数字，实际接收 string');
  assert.equal(bad.json().details.issues[0].problem, '无效输入：期望 数字，实际接收 string');
  assert.match(path.json().title, /^The request is not valid: Too big: expected string to have <=/);
  assert.equal(path.json().details.where, 'path.name');
  assert.match(text.json().details.problem, /^not JSON/);
});

test('a body with a field that nobody knows is refused whole, with the place of each', async (t) => {
  const { http, close } = await openTestHttp([countingEcho()]);
  t.after(close);

  const answer = await http.inject({
    method: 'POST',
    url: '/api/v1/things/ab',
    headers: asAda,
    payload: { items: [{ size: 3, siez: 4 }], limt: 1 },
  });

  assert.equal(answer.statusCode, 400);
  assert.deepEqual(
    answer.json().details.issues.map((issue: { where: string }) => issue.where),
    ['body.items[0].siez', 'body.limt'],
  );
});

test('a body over the limit is BODY_TOO_LARGE, another media type INVALID_REQUEST', async (t) => {
  const { http, close } = await openTestHttp([countingEcho()]);
  t.after(close);
  const url = '/api/v1/things/ab';

  const large = await http.inject({
    method: 'POST',
    url,
    headers: { ...asAda, 'content-type': 'application/json' },
    payload: `"${'x'.repeat(10 * 1024 * 1024)}"`,
  });
  const form = await http.inject({
    method: 'POST',
    url,
    headers: { ...asAda, 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'items=1',
  });

  assert.equal(large.statusCode, 413);
  assert.equal(large.json().code, 'BODY_TOO_LARGE');
  assert.equal(form.json().details.where, 'header.content-type');
});

test('a client that is still sending a body over the limit gets the answer, not a broken pipe', async (t) => {
  const { http, close } = await openTestHttp([countingEcho()]);
  t.after(close);
  const { port } = await http.listen({ host: '127.0.0.1', port: 0 });

  const body = `"${'x'.repeat(10 * 1024 * 1024)}"`;
  const headers = { ...asAda, 'content-type': 'application/json', 'content-length': body.length };
  const sent = request({ port, path: '/api/v1/things/ab', method: 'POST', headers });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]; // What the event carries.
  await once(sent, 'finish');

  assert.equal(answer.statusCode, 413);
  assert.match(await text(answer), /BODY_TOO_LARGE/);
});

test('a body that nests deeper than anything that is meant is refused at the edge', async (t) => {
  const route = defineRoute({
    ...base,
    id: 'things.any',
    method: 'POST',
    path: '/any',
    access: isPublic,
    body: z.object({ any: z.json() }),
    response: z.null(),
  });
  const { http, close } = await openTestHttp([endpoint(route, async () => null)]);
  t.after(close);
  const send = (depth: number) =>
    http.inject({
      method: 'POST',
      url: '/any',
      headers: { 'content-type': 'application/json' },
      payload: `{"any":${'['.repeat(depth)}${']'.repeat(depth)}}`,
    });

  assert.equal((await send(60)).statusCode, 200);
  for (const depth of [64, 5_000, 500_000]) {
    const answer = await send(depth);
    assert.equal(answer.statusCode, 400);
    assert.match(answer.json().details.problem, /nested deeper/);
  }
});

test('denies by default: no principal 401, no permission 403, an unknown path 404', async (t) => {
  const secret = defineRoute({
    ...base,
    id: 'things.secret',
    method: 'GET',
    path: '/api/v1/secret',
    access: { kind: 'permission', permission: 'secrets.read' },
    response: z.object({}),
  });
  const { http, close } = await openTestHttp([endpoint(secret, async () => ({}))]);
  t.after(close);

  const nobody = await http.inject({ url: '/api/v1/secret' });
  const ada = await http.inject({ url: '/api/v1/secret', headers: asAda });
  const unknown = await http.inject({ url: '/api/v1/nothing', headers: asAda });

  assert.equal(nobody.json().code, 'UNAUTHENTICATED');
  assert.equal(ada.json().code, 'FORBIDDEN');
  assert.equal(ada.json().details.permission, 'secrets.read');
  assert.equal(unknown.json().code, 'NOT_FOUND');
});

test('an unknown error shows no cause to the client and all of it to the log', async (t) => {
  const broken = defineRoute({
    ...base,
    id: 'things.broken',
    method: 'GET',
    path: '/broken',
    access: isPublic,
  });
  const errors: unknown[] = [];
  const log: Log = { ...silentLog, error: (_, fields) => errors.push(fields) };
  const { http, close } = await openTestHttp(
    [
      endpoint(broken, async () => {
        throw new Error('password of the database is swordfish');
      }),
    ],
    log,
  );
  t.after(close);

  const answer = await http.inject({ url: '/broken' });

  assert.equal(answer.json().code, 'INTERNAL');
  assert.ok(!answer.body.includes('swordfish'));
  assert.match(answer.json().hint, new RegExp(answer.json().requestId));
  assert.equal(errors.length, 1);
});

test('an answer that does not fit its schema fails in tests', async (t) => {
  const route = defineRoute({
    ...base,
    id: 'things.odd',
    method: 'GET',
    path: '/odd',
    access: isPublic,
    response: z.object({ count: z.number().max(3) }),
  });
  const { http, close } = await openTestHttp([endpoint(route, async () => ({ count: 4 }))]);
  t.after(close);

  assert.equal((await http.inject({ url: '/odd' })).statusCode, 500);
});

test('a known version is 304', async (t) => {
  const route = defineRoute({
    ...base,
    id: 'things.get',
    method: 'GET',
    path: '/thing',
    access: isPublic,
    response: z.object({ etag: z.string() }),
  });
  const { http, close } = await openTestHttp([endpoint(route, async () => ({ etag: '7' }))]);
  t.after(close);

  const same = await http.inject({ url: '/thing', headers: { 'if-none-match': '"7"' } });
  const other = await http.inject({ url: '/thing', headers: { 'if-none-match': '"6"' } });

  assert.equal(same.statusCode, 304);
  assert.equal(other.statusCode, 200);
});

const streamRoute = (stream: NonNullable<Route['stream']>) =>
  defineRoute({ ...base, id: 'things.stream', method: 'GET', path: '/stream', access: isPublic, stream });

async function* itemsOf(...list: unknown[]) {
  for (const data of list) yield { data, id: '1', event: 'thing' };
}

test('streams come as events, as lines of JSON, and as CSV that no spreadsheet runs', async (t) => {
  const rows = [
    ['name', 'note'],
    ['a,b', 'say "hi"'],
    ['=1+1', -3],
    [null, '-5.5'],
    ['＝1+1', '\n=1+1'],
  ];
  const bodies: string[] = [];
  for (const [type, items] of [
    ['text/event-stream', [{ a: 1 }]],
    ['application/x-ndjson', [{ a: 1 }, { b: 2 }]],
    ['text/csv', rows],
  ] as const) {
    const { http, close } = await openTestHttp([
      endpoint(streamRoute(type), async () => ({ stream: itemsOf(...items) })),
    ]);
    t.after(close);
    const answer = await http.inject({ url: '/stream' });
    assert.match(String(answer.headers['content-type']), new RegExp(type));
    bodies.push(answer.body);
  }

  assert.equal(bodies[0], ': connected\n\nid: 1\nevent: thing\ndata: {"a":1}\n\n');
  assert.equal(bodies[1], '{"a":1}\n{"b":2}\n');
  assert.equal(bodies[2], 'name,note\r\n"a,b","say ""hi"""\r\n\'=1+1,-3\r\n,-5.5\r\n\'＝1+1,"\'\n=1+1"\r\n');
});

test('a stream that is refused at its start is a problem answer', async (t) => {
  const refused = (): AsyncIterable<{ data: unknown }> => ({
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.reject(new AppError('NOT_FOUND', { what: 'thing', id: '1' })),
    }),
  });
  const { http, close } = await openTestHttp([
    endpoint(streamRoute('application/x-ndjson'), async () => ({ stream: refused() })),
  ]);
  t.after(close);

  assert.equal((await http.inject({ url: '/stream' })).statusCode, 404);
});

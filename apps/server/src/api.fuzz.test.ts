/**
 * Every route of kernel and plugins under hostile requests, as the administrator, whom no check of rights stops early. An
 * answer comes within a second and is no fault of the server's; a refusal is a problem with a code of the catalogue; nothing
 * tells of files, stacks or the store.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Problem, type Route, sessionRoutes } from '@pilothouse/contract';
import { openTestKernel, type TestKernel } from '@pilothouse/kernel/open-test-kernel';
import { fuzzParameters, hostileText, spoiled, spoiledBytes } from '@pilothouse/testkit/fuzz';
import fc from 'fast-check';
import { plugins } from './plugins.ts';

/** Of this thread's processor time: the promise is of a machine that does nothing else. */
const MS_MAX = 1_000;
const RUNS = 12;
/** What would end the fuzzer's own rights. They are asked by a token that is not good. */
const ENDS_RIGHTS = new Set([
  'session.delete',
  'api-tokens.revoke',
  'users.update',
  'users.delete',
  'roles.update',
]);
const TELLING = [
  /node_modules/,
  /\n\s+at /,
  /\.(?:ts|js|mjs):\d+/,
  /SQLITE|sqlite|constraint failed|near "/,
  /\/(?:work|home|tmp|root|usr)\/\S/,
];

let kernel: TestKernel;
let token = '';
let hostId = '';

before(async () => {
  kernel = await openTestKernel({ plugins });
  hostId = await kernel.addHost({ name: 'web-1', labels: { site: 'bj1' } });
  const setup = await kernel.inject({
    method: 'POST',
    url: sessionRoutes.setup.path,
    payload: {
      code: await kernel.newSetupCode(),
      name: 'ada',
      password: 'correct horse battery',
      tokenName: 'fuzz',
    },
  });
  token = setup.json().token;
});
after(() => kernel.close());

interface Sent {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const goodRequest = (route: Route): Sent => {
  const about = (value: string): string => (/^h_/.test(value) ? hostId : value);
  const filled = (values: Readonly<Record<string, string>> = {}) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, about(value)]));
  return {
    params: filled(route.example.params),
    query: filled(route.example.query),
    body: route.example.body,
  };
};

/** Some of the values of a record become hostile, and one may be added that nobody asked for. */
const spoiledTexts = (good: Readonly<Record<string, string>>): fc.Arbitrary<Record<string, string>> =>
  fc
    .tuple(
      fc.array(fc.option(hostileText, { freq: 2 }), { minLength: 12, maxLength: 12 }),
      fc.option(fc.tuple(hostileText, hostileText), { freq: 3 }),
    )
    .map(([hostile, more]) =>
      Object.fromEntries([
        ...Object.entries(good).map(([name, value], n) => [name, hostile[n] ?? value]),
        ...(more === null ? [] : [more]),
      ]),
    );

const HEADERS: readonly string[] = [
  'if-match',
  'if-none-match',
  'idempotency-key',
  'accept-language',
  'content-type',
  'content-encoding',
  'cookie',
  'origin',
  'x-forwarded-for',
  'last-event-id',
];
const hostileHeaders = fc.dictionary(
  fc.constantFrom(...HEADERS),
  hostileText.map((text) => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 2_000)),
  { maxKeys: 2 },
);

function requestsTo(route: Route): fc.Arbitrary<Sent> {
  const good = goodRequest(route);
  const body =
    route.body === undefined
      ? fc.constant(undefined)
      : fc.oneof(
          spoiled(good.body),
          spoiledBytes(good.body),
          // The parser's own example, so that paths and headers meet a body that is read.
          fc.constant(good.body),
        );
  const queryNames = Object.fromEntries(Object.keys(route.query?.shape ?? {}).map((name) => [name, '1']));
  return fc
    .tuple(
      fc.oneof(spoiledTexts(good.params), fc.constant(good.params)),
      fc.oneof(spoiledTexts({ ...queryNames, ...good.query }), fc.constant(good.query)),
      body,
      fc.oneof(hostileHeaders, fc.constant({})),
    )
    .map(([params, query, sent, headers]) => ({ params, query, body: sent, headers }));
}

async function send(route: Route, { params, query, body, headers = {} }: Sent) {
  const encode = (text: string): string => encodeURIComponent(text.toWellFormed());
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => encode(params[name] ?? ''));
  const search = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(value)}`);
  const answer = await kernel.inject({
    method: route.method,
    url: search.length === 0 ? path : `${path}?${search.join('&')}`,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      authorization: `Bearer ${ENDS_RIGHTS.has(route.id) ? 'pha_not-a-token' : token}`,
      ...headers,
    },
    ...(body === undefined
      ? {}
      : { payload: Buffer.isBuffer(body) ? body : (JSON.stringify(body) ?? 'null') }),
    ...(route.stream === undefined ? {} : { payloadAsStream: true }),
  });
  if (route.stream !== undefined && answer.statusCode < 400) {
    answer.raw.res.destroy();
    return { status: answer.statusCode, type: '', text: '' };
  }
  const text = route.stream === undefined ? answer.body : await textOf(answer.stream());
  return { status: answer.statusCode, type: String(answer.headers['content-type'] ?? ''), text };
}

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const piece of stream) text += String(piece);
  return text;
}

function assertAnswer(
  route: Route,
  { status, type, text }: Awaited<ReturnType<typeof send>>,
  sent: Sent,
): void {
  const where = `${route.id} ${JSON.stringify({ ...sent, body: Buffer.isBuffer(sent.body) ? sent.body.toString('latin1').slice(0, 300) : sent.body }).slice(0, 2_000)}`;
  assert.ok(status < 500, `${status} ${text.slice(0, 300)} for ${where}`);
  if (status < 400) return;
  assert.match(type, /^application\/problem\+json/, where);
  const { code } = Problem.parse(JSON.parse(text));
  assert.ok(kernel.errors[code] !== undefined, `${code} for ${where}`);
  // What was sent is quoted in an answer, so it must not count as something told.
  for (const pattern of TELLING) if (!pattern.test(where)) assert.doesNotMatch(text, pattern, where);
}

test('no route falls over, hangs or tells of its inside under hostile requests', async (t) => {
  const routes = kernel.endpoints.map((endpoint) => endpoint.route);
  const byId = new Map(routes.map((route) => [route.id, route]));
  const one = fc
    .constantFrom(...routes)
    .chain((route) => requestsTo(route).map((sent) => ({ id: route.id, sent })));
  // What was found says itself what it is about: a tree that broke a route is too deep for the library to print.
  const found = await fc.check(
    fc.asyncProperty(one, async ({ id, sent }) => {
      const route = byId.get(id);
      assert.ok(route);
      const before = process.threadCpuUsage();
      const answer = await send(route, sent);
      const ms = process.threadCpuUsage(before).user / 1_000;
      assertAnswer(route, answer, sent);
      assert.ok(ms < MS_MAX, `${route.id} took ${ms} ms: ${JSON.stringify(sent).slice(0, 1_000)}`);
    }),
    fuzzParameters(t, { runs: RUNS * routes.length }),
  );
  if (found.failed) throw found.errorInstance;
});

test('every route that takes a body refuses the same bad bytes by name', async () => {
  for (const { route } of kernel.endpoints.filter((endpoint) => endpoint.route.body !== undefined)) {
    for (const body of fc.sample(spoiledBytes(route.example.body), { numRuns: 5, seed: 1 })) {
      const sent = { ...goodRequest(route), body };
      assertAnswer(route, await send(route, sent), sent);
    }
  }
  assert.equal(({} as Record<string, unknown>)['isAdmin'], undefined);
});

test('times at the end of the calendar are refused where days are added to them', async () => {
  for (const [id, at] of [
    ['windows.preview', 'query'],
    ['plans.create', 'body'],
  ] as const) {
    const route = kernel.endpoints.find((endpoint) => endpoint.route.id === id)?.route;
    assert.ok(route);
    for (const time of ['9999-12-31T23:59:59.999Z', '0000-01-01T00:00:00.000Z']) {
      const good = goodRequest(route);
      const more =
        at === 'query' ? { query: { from: time } } : { body: { ...(good.body as object), notBefore: time } };
      const answer = await send(route, { ...good, ...more });
      assert.equal(Problem.parse(JSON.parse(answer.text)).code, 'INVALID_REQUEST', answer.text);
    }
  }
});

/**
 * Every route of kernel and plugins under hostile requests, as administrators, whom no check of rights stops early, in an
 * installation that has something of everything, hosts with agents among it. An answer comes within a second and is no fault of the server's; a refusal
 * is a problem with a code of the catalogue; nothing tells of files, stacks or the store. An answer that is none of its
 * route's schema is a fault, too (`isAnswerChecked`).
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Problem, type Route, sessionRoutes, userRoutes } from '@pilothouse/contract';
import { fuzzParameters, hostileText, spoiled, spoiledBytes } from '@pilothouse/testkit/fuzz';
import { valuesOf } from '@pilothouse/testkit/values-of';
import fc from 'fast-check';
import { clearTheWay } from '../test/clear-the-way.ts';
import { type FuzzFleet, openFuzzFleet } from '../test/fuzz-fleet.ts';
import { type FuzzedServer, type FuzzRequest, openFuzzedServer } from '../test/fuzzed-server.ts';
import { createKnownTexts } from '../test/known-texts.ts';
import { plugins } from './plugins.ts';

/** Of this thread's processor time: the promise is of a machine that does nothing else. */
const MS_MAX = 1_000;
const RUNS = 12;
/** Requests, among which one or two stop everything. */
const CLEARED_EVERY = 25;
/** Each is held to a rate of requests, which would be the only answer after a while. */
const PEOPLE = ['ada', 'bea', 'cara', 'dora', 'eva', 'fay', 'gil', 'hal'];
const PASSWORD = 'correct horse battery';
/** What ends the right of the one who asks. Asked by a token that is not good. */
const ENDS_OWN_RIGHTS = new Set(['session.delete', 'session.change-password']);
const BEGINS_WORK = new Set([
  'rollouts.run',
  'plans.create',
  'rollouts.start',
  'rollouts.retry',
  'rollouts.rollback',
]);
/** Of a stream that ends all is read; of one that goes on its beginning. */
const READ_CHARS_MAX = 2 * 1024 * 1024;
const TELLING = [
  /node_modules/,
  /\n\s+at /,
  /\.(?:ts|js|mjs):\d+/,
  /SQLITE|sqlite|constraint failed|near "|invalid byte sequence|violates|syntax error at or near/,
  /\/(?:work|home|tmp|root|usr)\/\S/,
];
/** What a stored text cannot be: an answer that went well shows what people sent before. */
const TRACE = /\n\s+at .*(?:node:|\.ts:\d)/;

let server: FuzzedServer;
let fleet: FuzzFleet;
const tokens: string[] = [];
/** Names of the people above, their ids and their tokens: who they are stays. */
const own = new Set<string>(PEOPLE);
const hostIds: string[] = [];
const known = createKnownTexts(
  plugins.flatMap(({ spec }) => (spec.actions ?? []).map((action) => action.name)),
);
const statuses = new Map<number, number>();

before(async () => {
  server = await openFuzzedServer();
  for (const name of ['web-1', 'web-2', 'db-1', 'db-2']) {
    const labels = { site: 'bj1', role: name.slice(0, -2) };
    if (server.addHost !== null) hostIds.push(await server.addHost({ name, labels }));
  }
  await becomePeople();
  fleet = await openFuzzFleet(server, administrator);
  hostIds.push(...fleet.hostIds);
  // Something of everything: what the examples make.
  for (const method of ['PUT', 'POST', 'PATCH'])
    for (const { route } of server.endpoints)
      if (route.method === method && !ENDS_OWN_RIGHTS.has(route.id))
        await send(route, { ...goodRequest(route, 0), body: route.example.body });
});
after(() => {
  fleet.close();
  return server.close();
});

const administrator = () => ({ authorization: `Bearer ${tokens[0]}` });

async function becomePeople(): Promise<void> {
  const [first = '', ...others] = PEOPLE;
  const payload = { code: await server.newSetupCode(), name: first, password: PASSWORD, tokenName: 'fuzz' };
  const { token } = await readJson({ method: 'POST', url: sessionRoutes.setup.path, payload });
  tokens.push(token);
  const headers = { authorization: `Bearer ${token}` };
  for (const name of others) {
    const made = { name, password: PASSWORD, roles: ['administrator'] };
    await readJson({ method: 'POST', url: userRoutes.create.path, headers, payload: made });
    const login = { name, password: PASSWORD, tokenName: 'fuzz' };
    tokens.push((await readJson({ method: 'POST', url: sessionRoutes.signIn.path, payload: login })).token);
  }
  for (const each of tokens) {
    const me = await readJson({
      url: sessionRoutes.me.path,
      headers: { authorization: `Bearer ${each}` },
    });
    own.add(me.user.id).add(me.actor.id);
  }
}

/** Of an answer that a good request has: whoever reads it knows what it is. */
async function readJson(request: FuzzRequest) {
  const { body } = await server.ask(request);
  return JSON.parse(await readText(body, { isEndless: false }));
}

type Pairs = readonly (readonly [name: string, value: string])[];

interface Sent {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Pairs;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** After the address, as it stands. */
  readonly tail?: string;
}

/** The route's example, about a host and other things that there are. */
function goodRequest(route: Route, n: number): Omit<Sent, 'body'> {
  const about = (value: string): string =>
    /^h_/.test(value) ? (hostIds[n % hostIds.length] ?? value) : known.like(value, n);
  const filled = (values: Readonly<Record<string, string>> = {}): Pairs =>
    Object.entries(values).map(([name, value]) => [name, about(value)]);
  return { params: Object.fromEntries(filled(route.example.params)), query: filled(route.example.query) };
}

/** Some of the values become hostile, and some names come twice or are nobody's. */
const spoiledPairs = (good: Pairs): fc.Arbitrary<Pairs> =>
  fc
    .tuple(
      fc.array(fc.option(hostileText, { freq: 2 }), { minLength: 12, maxLength: 12 }),
      fc.option(fc.tuple(fc.oneof(hostileText, fc.constantFrom('limit', 'cursor', 'q')), hostileText), {
        freq: 3,
      }),
    )
    .map(([hostile, more]) => [
      ...good.map(([name, value], n) => [name, hostile[n] ?? value] as const),
      ...(more === null ? [] : [more]),
    ]);

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
  'traceparent',
  'range',
];
const headerText = fc.oneof(
  hostileText.map((text) => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 2_000)),
  fc.constantFrom(
    '*',
    '"1"',
    'W/"1"',
    '"1", "2"',
    '"',
    '""',
    '1',
    '999999999999999',
    '-1',
    'zh',
    'a;q=1,'.repeat(300),
  ),
  fc.nat().map((n) => `"${known.forField('etag')[n % 40] ?? '1'}"`),
);
const hostileHeaders = fc.dictionary(fc.constantFrom(...HEADERS), headerText, { maxKeys: 2 });
const TAILS = [
  '%00',
  '/..',
  '/%2e%2e/',
  '//',
  ';a=b',
  '?',
  '%',
  '%c0%af',
  '#',
  '/../../api/v1/me',
  '&a',
  '?a[b]=c&a=',
];

/** Query values that the schema takes, and its own. */
const fittingQuery = (route: Route): fc.Arbitrary<Pairs> =>
  (route.query === undefined ? fc.constant({}) : valuesOf(route.query, known.forField)).map((values) =>
    Object.entries(values as object).map(([name, value]) => [name, String(value)]),
  );

function bodiesOf(route: Route): fc.Arbitrary<unknown> {
  if (route.body === undefined) return fc.constant(undefined);
  const fitting = valuesOf(route.body, known.forField);
  const good = route.example.body;
  return fc.oneof(
    spoiled(good),
    spoiledBytes(good),
    // The example as it is, so that paths and headers meet a body that is read.
    fc.constant(good),
    fitting,
    fitting.chain(spoiled),
    withFields(good, fitting),
    withActions(good),
  );
}

/** The example with some fields that it could have had: more of them pass rules between fields than of whole values. */
const withFields = (good: unknown, fitting: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.tuple(fitting, fc.nat(), fc.nat()).map(([value, one, other]) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const fields = Object.entries(value);
    const taken = [one, other].flatMap((n) =>
      fields.length === 0 ? [] : [fields[n % fields.length] ?? ['', 0]],
    );
    return { ...Object(good), ...Object.fromEntries(taken) };
  });

/** A body that has actions, with those of every plugin and parameters that these take. */
function withActions(good: unknown): fc.Arbitrary<unknown> {
  if (typeof good !== 'object' || good === null || !('actions' in good)) return fc.constant(good);
  const actions = plugins
    .flatMap(({ spec }) => spec.actions ?? [])
    .map(({ name, parameters }) =>
      fc.record({ action: fc.constant(name), parameters: valuesOf(parameters, known.forField) }),
    );
  return fc.oneof(...actions).map((action) => ({ ...good, actions: [action] }));
}

/** Each is made of its schema once. */
const made = new Map<
  string,
  { readonly bodies: fc.Arbitrary<unknown>; readonly query: fc.Arbitrary<Pairs> }
>();

function requestsTo(route: Route): fc.Arbitrary<Sent> {
  const { bodies, query: fitting } = made.get(route.id) ?? {
    bodies: bodiesOf(route),
    query: fittingQuery(route),
  };
  made.set(route.id, { bodies, query: fitting });
  const names: Pairs = Object.keys(route.query?.shape ?? {}).map((name) => [name, '1']);
  return fc.nat().chain((n) => {
    const good = goodRequest(route, n);
    return fc
      .tuple(
        fc.oneof(
          { arbitrary: fc.constant(good.params), weight: 3 },
          spoiledPairs(Object.entries(good.params)).map((pairs) => Object.fromEntries(pairs)),
        ),
        fc.oneof(spoiledPairs([...names, ...good.query]), fc.constant(good.query), fitting),
        bodies,
        fc.oneof(hostileHeaders, fc.constant({})),
        fc.oneof({ arbitrary: fc.constant(''), weight: 19 }, fc.constantFrom(...TAILS)),
      )
      .map(([params, query, body, headers, tail]) => ({ params, query, body, headers, tail }));
  });
}

const mayEndRights = (route: Route, { params, tail = '' }: Sent): boolean =>
  ENDS_OWN_RIGHTS.has(route.id) ||
  (route.method !== 'GET' && (tail !== '' || Object.values(params).some((value) => own.has(value))));

async function send(route: Route, sent: Sent) {
  const { params, query, body, headers = {}, tail = '' } = sent;
  const encode = (text: string): string => encodeURIComponent(text.toWellFormed());
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => encode(params[name] ?? ''));
  const search = query.map(([name, value]) => `${encode(name)}=${encode(value)}`);
  const token = tokens[sentCount() % tokens.length];
  const answer = await server.ask({
    method: route.method,
    url: (search.length === 0 ? path : `${path}?${search.join('&')}`) + tail,
    headers: {
      authorization: `Bearer ${mayEndRights(route, sent) ? 'pha_not-a-token' : token}`,
      ...headers,
    },
    payload: body,
  });
  const type = String(answer.headers['content-type'] ?? '');
  const { status } = answer;
  statuses.set(status, (statuses.get(status) ?? 0) + 1);
  const text = await readText(answer.body, { isEndless: type.startsWith('text/event-stream') });
  answer.end();
  if (status === 200 && type.startsWith('application/json')) known.learn(JSON.parse(text));
  if (status < 300 && route.id === 'hosts.decommission') await replaceHost(params['host'] ?? '');
  return { status, type, text };
}

const sentCount = (): number => [...statuses.values()].reduce((sum, count) => sum + count, 0);

/** There is always a fleet. */
async function replaceHost(gone: string): Promise<void> {
  const at = hostIds.indexOf(gone);
  const name = `web-${sentCount()}`;
  if (at !== -1)
    hostIds[at] =
      (await fleet.replace(gone)) ?? (await server.addHost?.({ name, labels: { site: 'bj1' } })) ?? gone;
}

async function readText(stream: AsyncIterable<unknown>, { isEndless }: { isEndless: boolean }) {
  let text = '';
  for await (const piece of stream) {
    text += String(piece);
    if (isEndless || text.length > READ_CHARS_MAX) break;
  }
  return text;
}

function assertAnswer(route: Route, { status, type, text }: Awaited<ReturnType<typeof send>>, sent: Sent) {
  const where = `${route.id} ${JSON.stringify({ ...sent, body: Buffer.isBuffer(sent.body) ? sent.body.toString('latin1').slice(0, 300) : sent.body }).slice(0, 2_000)}`;
  assert.ok(status < 500, `${status} ${text.slice(0, 300)} for ${where}`);
  assert.doesNotMatch(text, TRACE, where);
  if (status < 400) return;
  assert.match(type, /^application\/problem\+json/, where);
  const { code } = Problem.parse(JSON.parse(text));
  assert.ok(server.errors[code] !== undefined, `${code} for ${where}`);
  // What was sent is quoted in an answer, so it must not count as something told.
  for (const pattern of TELLING) if (!pattern.test(where)) assert.doesNotMatch(text, pattern, where);
}

test('no route falls over, hangs or tells of its inside under hostile requests', async (t) => {
  const routes = server.endpoints.map((endpoint) => endpoint.route);
  const byId = new Map(routes.map((route) => [route.id, route]));
  // What begins work is asked oftener: most of it is refused, and hosts have to have something to do.
  const begins = routes.filter(({ id }) => BEGINS_WORK.has(id));
  const one = fc
    .oneof({ arbitrary: fc.constantFrom(...routes), weight: 9 }, fc.constantFrom(...begins))
    .chain((route) => requestsTo(route).map((sent) => ({ id: route.id, sent })));
  statuses.clear();
  // What was found says itself what it is about: a tree that broke a route is too deep for the library to print.
  const found = await fc.check(
    fc.asyncProperty(one, async ({ id, sent }) => {
      const route = byId.get(id);
      assert.ok(route);
      const before = process.threadCpuUsage();
      const answer = await send(route, sent);
      const ms = process.threadCpuUsage(before).user / 1_000;
      assertAnswer(route, answer, sent);
      if (sentCount() % CLEARED_EVERY === 0)
        await clearTheWay(server, { administrator: administrator(), hostIds });
      assert.ok(ms < MS_MAX, `${route.id} took ${ms} ms: ${JSON.stringify(sent).slice(0, 1_000)}`);
    }),
    fuzzParameters(t, { runs: RUNS * routes.length }),
  );
  const carriedOut = fleet.executions();
  t.diagnostic(
    `${sentCount()} requests; by status: ${JSON.stringify(Object.fromEntries(statuses))}; ${carriedOut.tasks} tasks carried out`,
  );
  if (found.failed) throw found.errorInstance;
  assert.equal(carriedOut.most, 1);
  assert.ok(server.isWhole(), 'a process of the server has ended');
});

test('every route that takes a body refuses the same bad bytes by name', async () => {
  for (const { route } of server.endpoints.filter((endpoint) => endpoint.route.body !== undefined)) {
    for (const body of fc.sample(spoiledBytes(route.example.body), { numRuns: 5, seed: 1 })) {
      const sent = { ...goodRequest(route, 0), body };
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
    const route = server.endpoints.find((endpoint) => endpoint.route.id === id)?.route;
    assert.ok(route);
    for (const time of ['9999-12-31T23:59:59.999Z', '0000-01-01T00:00:00.000Z']) {
      const good = { ...goodRequest(route, 0), body: route.example.body };
      const more: Partial<Sent> =
        at === 'query'
          ? { query: [['from', time]] }
          : { body: { ...(good.body as object), notBefore: time } };
      const answer = await send(route, { ...good, ...more });
      assert.equal(Problem.parse(JSON.parse(answer.text)).code, 'INVALID_REQUEST', answer.text);
    }
  }
});

/** What somebody with a browser, a stolen cookie or patience tries. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { apiTokenRoutes, eventsRoutes, Problem, type Route, sessionRoutes } from '@pilothouse/contract';
import { openTestKernel, type TestKernel } from '@pilothouse/kernel/open-test-kernel';
import { plugins } from './plugins.ts';

const PASSWORD = 'correct horse battery';
let kernel: TestKernel;
let token = '';

before(async () => {
  kernel = await openTestKernel({ plugins });
  const code = await kernel.newSetupCode();
  const setup = await ask(sessionRoutes.setup, {
    body: { code, name: 'ada', password: PASSWORD, tokenName: 'test' },
  });
  token = setup.json().token;
});
after(() => kernel.close());

interface Asked {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly from?: string;
}

const ask = (route: Route, { body, headers = {}, from = '192.0.2.1' }: Asked = {}) =>
  kernel.inject({
    method: route.method,
    url: route.path.replace(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(route.example.params?.[name] ?? 'x'),
    ),
    remoteAddress: from,
    headers: { host: 'pilothouse.example', ...headers },
    ...(body === undefined ? {} : { payload: JSON.parse(JSON.stringify(body)) }),
  });

const codeOf = (answer: { body: string }): string => Problem.parse(JSON.parse(answer.body)).code;
const cookieOf = (answer: { headers: Record<string, unknown> }): string =>
  String(answer.headers['set-cookie']).split(';')[0] ?? '';
const signIn = (more: Asked = {}, password = PASSWORD, name = 'ada') =>
  ask(sessionRoutes.signIn, { body: { name, password }, ...more });

test('no write that rides on a cookie is taken from another site, on any route', async () => {
  const cookie = cookieOf(await signIn());
  for (const { route } of kernel.endpoints) {
    if (route.method === 'GET') continue;
    for (const foreign of [
      { 'sec-fetch-site': 'cross-site', origin: 'https://pilothouse.example' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'https://pilothouse.example.evil.example' },
      ...(route.access.kind === 'public' ? [] : [{}]),
    ]) {
      const answer = await ask(route, { body: route.example.body, headers: { cookie, ...foreign } });
      assert.equal(codeOf(answer), 'CROSS_SITE_REFUSED', `${route.id} ${JSON.stringify(foreign)}`);
    }
  }
});

test('a GET changes nothing: no route that writes is one', () => {
  for (const { route } of kernel.endpoints) {
    const access =
      route.access.kind === 'permission' ? kernel.permissions.get(route.access.permission) : null;
    if (route.method === 'GET' && access !== null) assert.equal(access?.isRead, true, route.id);
  }
});

test('a cookie from before the sign-in is never the one after it', async () => {
  const planted = '__Host-pilothouse=phs_planted-by-somebody-else';

  const first = await signIn({ headers: { cookie: planted } });
  const second = await signIn({ headers: { cookie: cookieOf(first) } });

  assert.notEqual(cookieOf(first), planted);
  assert.notEqual(cookieOf(second), cookieOf(first));
  assert.match(
    String(first.headers['set-cookie']),
    /^__Host-pilothouse=\S+; Path=\/; Secure; HttpOnly; SameSite=Lax/,
  );
  assert.equal((await ask(sessionRoutes.me, { headers: { cookie: planted } })).statusCode, 401);
});

test('guessing a password runs out for the name from everywhere, and for the place under every name', async () => {
  const byName: number[] = [];
  for (let n = 0; n < 12; n++)
    byName.push((await signIn({ from: `198.51.100.${n}` }, 'not the password', 'mallory')).statusCode);
  const byPlace: number[] = [];
  for (let n = 0; n < 40; n++)
    byPlace.push((await signIn({ from: '203.0.113.9' }, 'not the password', `nobody-${n}`)).statusCode);
  const stopped = await signIn({ from: '203.0.113.9' }, PASSWORD, 'somebody');

  assert.ok(byName.includes(429) && byName.indexOf(429) <= 9, byName.join());
  assert.ok(byPlace.includes(429) && byPlace.indexOf(429) <= 31, byPlace.join());
  assert.ok(Number(stopped.headers['retry-after']) > 0);
  // Ada, at home, is not held up by either.
  assert.equal((await signIn({ from: '192.0.2.77' })).statusCode, 200);
});

test('a revoked token is refused by the next request', async () => {
  const headers = { authorization: `Bearer ${token}` };
  const made = await ask(apiTokenRoutes.create, { headers, body: { name: 'short', expiresInDays: 1 } });
  assert.equal(made.statusCode, 200, made.body);
  const { secret, id } = made.json();
  const asTaken = { headers: { authorization: `Bearer ${secret}` } };
  assert.equal((await ask(sessionRoutes.me, asTaken)).statusCode, 200);

  const path = apiTokenRoutes.revoke.path.replace(/\{\w+\}/, id);
  await kernel.inject({ method: apiTokenRoutes.revoke.method, url: path, headers });

  assert.equal(codeOf(await ask(sessionRoutes.me, asTaken)), 'TOKEN_INVALID');
});

test('credentials of every odd form are refused, never understood in part', async () => {
  for (const authorization of [
    'Bearer',
    'Bearer ',
    `bearer${token}`,
    `Basic ${token}`,
    `Bearer ${token},${token}`,
    `Bearer ${token}\u00a0x`,
    `Bearer ${'a'.repeat(10_000)}`,
    'Bearer __proto__',
    `Bearer ${token.slice(0, -1)}`,
    `Bearer ${token}x`,
  ]) {
    const answer = await ask(sessionRoutes.me, { headers: { authorization } });
    assert.equal(answer.statusCode, 401, authorization.slice(0, 60));
  }
  const twice = `__Host-pilothouse=phs_a; __Host-pilothouse=phs_b; pilothouse=${token}`;
  assert.equal((await ask(sessionRoutes.me, { headers: { cookie: twice } })).statusCode, 401);
});

test('an address that claims to come from elsewhere is not believed', async () => {
  for (let n = 0; n < 40; n++)
    await signIn(
      { from: '203.0.113.50', headers: { 'x-forwarded-for': `10.0.0.${n}`, forwarded: `for=10.0.0.${n}` } },
      'wrong',
      `n-${n}`,
    );

  const answer = await signIn(
    { from: '203.0.113.50', headers: { 'x-forwarded-for': '10.9.9.9' } },
    'wrong',
    'fresh',
  );

  assert.equal(answer.statusCode, 429);
});

test('no answer invites a browser to frame it, guess its type, keep it or run anything in it', async () => {
  const headers = { authorization: `Bearer ${token}` };
  for (const route of [sessionRoutes.me, eventsRoutes.list]) {
    const answer = await ask(route, { headers });
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    assert.equal(answer.headers['x-frame-options'], 'DENY');
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.match(String(answer.headers['content-security-policy']), /default-src 'none'/);
    assert.match(String(answer.headers['strict-transport-security']), /max-age=\d{7}/);
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
  }
});

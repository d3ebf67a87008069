import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import Provider from 'oidc-provider';
import { silentLog } from '../log.ts';
import { openTestKernel, type TestKernel } from '../open-test-kernel.ts';
import type { OidcSettings } from './oidc.ts';

const REDIRECT_URL = 'https://localhost:7443/api/v1/oidc/callback';

/** A real provider on loopback, whose people are in the groups given here. */
async function openProvider(groupsByPerson: Record<string, string[]>) {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const issuer = `http://127.0.0.1:${address.port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'pilothouse',
        client_secret: 'a secret of this client',
        redirect_uris: [REDIRECT_URL],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
    cookies: { keys: ['only for this test'] },
    findAccount: (_: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: id, groups: groupsByPerson[id] ?? [] }),
    }),
  });
  const answer = provider.callback();
  server.on('request', (request, response) => void answer(request, response));
  return {
    issuer,
    async close() {
      server.closeAllConnections();
      await new Promise<unknown>((resolve) => server.close(resolve));
    },
  };
}

/** What a browser does at the provider: follows redirects with cookies, signs in, consents; ends at our callback. */
async function signInAtProvider(start: string, person: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let url = start;
  let form: string | null = null;
  for (let hops = 0; hops < 20; hops++) {
    const answer: Response = await fetch(url, {
      redirect: 'manual',
      headers: {
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(form === null ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(form === null ? {} : { method: 'POST', body: form }),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    const location = answer.headers.get('location');
    const page = await answer.text();
    if (location !== null) {
      url = new URL(location, url).href;
      if (url.startsWith(REDIRECT_URL)) return new URL(url);
      form = null;
    } else {
      form = page.includes('value="login"') ? `prompt=login&login=${person}&password=x` : 'prompt=consent';
    }
  }
  throw new Error('the provider does not come to an end');
}

const settings = (issuer: string): OidcSettings => ({
  issuer,
  clientId: 'pilothouse',
  clientSecret: 'a secret of this client',
  redirectUrl: REDIRECT_URL,
  scope: 'openid profile',
  nameClaim: 'preferred_username',
  groupsClaim: 'groups',
  rolesByGroup: { ops: ['operator'], auditors: ['reader', 'no-such-role'] },
});

async function openBoth(t: { after: (run: () => Promise<void>) => void }) {
  const groups: Record<string, string[]> = { grace: ['ops', 'auditors'], mallory: ['sales', 'constructor'] };
  const provider = await openProvider(groups);
  t.after(() => provider.close());
  const kernel = await openTestKernel({ oidc: settings(provider.issuer) });
  t.after(() => kernel.close());
  return { kernel, groups };
}

async function start(kernel: TestKernel, remoteAddress = '192.0.2.1') {
  const answer = await kernel.inject({ url: '/api/v1/oidc/start', remoteAddress });
  assert.equal(answer.statusCode, 303, answer.body);
  const cookie = String(answer.headers['set-cookie']).split(';')[0] ?? '';
  return { location: String(answer.headers['location']), cookie };
}

const finish = (kernel: TestKernel, callback: URL, cookie: string) =>
  kernel.inject({ url: `${callback.pathname}${callback.search}`, headers: { cookie } });

test('somebody whose groups have roles signs in, and gets the roles of the day at each sign-in', async (t) => {
  const { kernel, groups } = await openBoth(t);
  const signIn = async () => {
    const { location, cookie } = await start(kernel);
    const done = await finish(kernel, await signInAtProvider(location, 'grace'), cookie);
    assert.equal(done.statusCode, 303, done.body);
    const session = [done.headers['set-cookie']]
      .flat()
      .map(String)
      .find((line) => line.includes('=phs_'));
    const me = await kernel.inject({ url: '/api/v1/me', headers: { cookie: session?.split(';')[0] ?? '' } });
    return me.json().user;
  };

  const first = await signIn();
  groups['grace'] = ['auditors'];
  const second = await signIn();

  assert.deepEqual([first.name, first.kind, first.roles], ['grace', 'oidc', ['operator', 'reader']]);
  assert.deepEqual([second.id, second.roles], [first.id, ['reader']]);
});

test('one person’s sign-ins hold up nobody elsewhere, and a place that does not stop is told to wait', async (t) => {
  const { kernel } = await openBoth(t);
  const statuses: number[] = [];
  for (let n = 0; n < 40; n++) {
    const from = { url: '/api/v1/oidc/start', remoteAddress: '203.0.113.9' };
    statuses.push((await kernel.inject(from)).statusCode);
  }

  for (let n = 0; n < 20; n++) await start(kernel, `192.0.2.${n}`);

  assert.ok(statuses.includes(429) && statuses.indexOf(429) <= 31, statuses.join());
});

test('somebody without a group that has a role is told so and not let in', async (t) => {
  const { kernel } = await openBoth(t);
  const { location, cookie } = await start(kernel);

  const done = await finish(kernel, await signInAtProvider(location, 'mallory'), cookie);

  assert.equal(done.json().code, 'OIDC_NO_ROLE');
});

test('who is in no group with a role any more loses at the next sign-in what tokens and sessions of before could do', async (t) => {
  const { kernel, groups } = await openBoth(t);
  const code = await kernel.newSetupCode();
  const body = { code, name: 'ada', password: 'correct horse battery', tokenName: 'test' };
  const setup = await kernel.inject({ method: 'POST', url: '/api/v1/setup', payload: body });
  const first = await start(kernel);
  const done = await finish(kernel, await signInAtProvider(first.location, 'grace'), first.cookie);
  const cookie = [done.headers['set-cookie']]
    .flat()
    .map(String)
    .find((line) => line.includes('=phs_'));
  const made = await kernel.inject({
    method: 'POST',
    url: '/api/v1/api-tokens',
    headers: { cookie: cookie?.split(';')[0] ?? '', 'sec-fetch-site': 'same-origin' },
    payload: { name: 'kept' },
  });
  const headers = { authorization: `Bearer ${made.json().secret}` };
  assert.equal((await kernel.inject({ url: '/api/v1/hosts', headers })).statusCode, 200);

  groups['grace'] = ['sales'];
  const again = await start(kernel);
  const refused = await finish(kernel, await signInAtProvider(again.location, 'grace'), again.cookie);

  assert.equal(refused.json().code, 'OIDC_NO_ROLE');
  assert.equal((await kernel.inject({ url: '/api/v1/hosts', headers })).json().code, 'FORBIDDEN');
  const audit = await kernel.inject({
    url: '/api/v1/audit?action=user.*',
    headers: { authorization: `Bearer ${setup.json().token}` },
  });
  assert.deepEqual(
    audit
      .json()
      .items.map((record: { action: string; subject: string; details: object }) => [
        record.action,
        record.subject,
        record.details,
      ]),
    [
      ['user.changed', 'grace', { roles: [], rolesBefore: ['operator', 'reader'] }],
      ['user.created', 'grace', { roles: ['operator', 'reader'] }],
    ],
  );
});

test('a sign-in finishes only in the browser that began it, and once', async (t) => {
  const { kernel } = await openBoth(t);
  const { location, cookie } = await start(kernel);
  const other = await start(kernel);
  const callback = await signInAtProvider(location, 'grace');

  const foreign = await finish(kernel, callback, other.cookie);
  const without = await finish(kernel, callback, '');
  const own = await finish(kernel, callback, cookie);
  const again = await finish(kernel, callback, cookie);

  assert.equal(foreign.json().code, 'OIDC_FAILED');
  assert.equal(without.json().code, 'OIDC_FAILED');
  assert.equal(own.statusCode, 303, own.body);
  assert.equal(again.json().code, 'OIDC_FAILED');
});

test('a name at the provider is no claim to the local account of that name', async (t) => {
  const { kernel } = await openBoth(t);
  const code = await kernel.newSetupCode();
  const body = { code, name: 'grace', password: 'correct horse battery', tokenName: 'test' };
  const setup = await kernel.inject({ method: 'POST', url: '/api/v1/setup', payload: body });
  const { location, cookie } = await start(kernel);

  const done = await finish(kernel, await signInAtProvider(location, 'grace'), cookie);
  const headers = { authorization: `Bearer ${setup.json().token}` };
  const users = (await kernel.inject({ url: '/api/v1/users', headers })).json().items;

  assert.equal(done.statusCode, 303, done.body);
  assert.deepEqual(
    users.map((user: { name: string; roles: string[] }) => [
      /^grace(@[0-9a-f]{8})?$/.test(user.name),
      user.roles,
    ]),
    [
      [true, ['administrator']],
      [true, ['operator', 'reader']],
    ],
  );
});

test('why a provider did not vouch for somebody stands in the log', async (t) => {
  const said: unknown[] = [];
  const log = { ...silentLog, warn: (text: string, fields = {}) => void said.push([text, fields]) };
  const kernel = await openTestKernel({ oidc: settings('http://127.0.0.1:1') }, log);
  t.after(() => kernel.close());

  await kernel.inject({ url: '/api/v1/oidc/start' });

  assert.match(JSON.stringify(said), /single sign-on failed.*fetch failed/);
});

test('without a provider the routes say that single sign-on is off; an unreachable one is named as the cause', async (t) => {
  const without = await openTestKernel();
  t.after(() => without.close());
  const unreachable = await openTestKernel({ oidc: settings('http://127.0.0.1:1') });
  t.after(() => unreachable.close());

  assert.equal((await without.inject({ url: '/api/v1/oidc/start' })).json().code, 'OIDC_OFF');
  assert.equal((await unreachable.inject({ url: '/api/v1/oidc/start' })).json().code, 'OIDC_FAILED');
});

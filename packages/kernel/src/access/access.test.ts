import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestKernel, type TestKernel } from '../open-test-kernel.ts';

const PASSWORD = 'correct horse battery';

interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly body?: unknown;
  readonly token?: string;
  readonly headers?: Record<string, string>;
}

/** Sends one request; POST when there is a body and nothing else is said. */
function caller(kernel: TestKernel) {
  return ({ method, url, body, token, headers }: Call) =>
    kernel.inject({
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      url: `/api/v1${url}`,
      headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
      // The body is JSON by its making; `inject` wants the object that it becomes.
      ...(body === undefined ? {} : { payload: body as object }),
    });
}

async function withAdministrator(t: { after: (run: () => Promise<void>) => void }) {
  const kernel = await openTestKernel();
  t.after(() => kernel.close());
  const call = caller(kernel);
  const code = await kernel.newSetupCode();
  const done = await call({
    url: '/setup',
    body: { code, name: 'ada', password: PASSWORD, tokenName: 'test' },
  });
  assert.equal(done.statusCode, 200, done.body);
  return { kernel, call, code, token: String(done.json().token) };
}

test('what the roles of every installation are for is said in the language of the reader', async (t) => {
  const { call, token } = await withAdministrator(t);
  const headers = { 'accept-language': 'zh' };

  const list = await call({ url: '/roles', token, headers });
  const one = await call({ url: '/roles/reader', token, headers });
  const english = await call({ url: '/roles/reader', token });

  assert.match(list.body, /全部权限，包括用户和角色/);
  assert.equal(one.json().description, '可查看一切，不可更改');
  assert.equal(english.json().description, 'Look at everything, change nothing');
});

test('a set-up code serves once, and no code is made once there is an administrator', async (t) => {
  const { kernel, call, code } = await withAdministrator(t);

  const again = await call({ url: '/setup', body: { code, name: 'eve', password: PASSWORD } });

  assert.equal(again.statusCode, 409);
  assert.equal(again.json().code, 'SETUP_DONE');
  assert.equal(await kernel.newSetupCode(), null);
});

test('a wrong set-up code is refused, and codes of earlier starts stay good', async (t) => {
  const kernel = await openTestKernel();
  t.after(() => kernel.close());
  const call = caller(kernel);
  const first = await kernel.newSetupCode();
  await kernel.newSetupCode();

  const wrong = await call({ url: '/setup', body: { code: 'phc_wrong', name: 'ada', password: PASSWORD } });
  const right = await call({ url: '/setup', body: { code: first, name: 'ada', password: PASSWORD } });

  assert.equal(wrong.json().code, 'SETUP_CODE_WRONG');
  assert.equal(right.statusCode, 200, right.body);
});

test('signing in with a password gives a cookie that works until signing out', async (t) => {
  const { call } = await withAdministrator(t);

  const signedIn = await call({ url: '/session', body: { name: 'ADA', password: PASSWORD } });
  const setCookie = String(signedIn.headers['set-cookie']);
  const headers = { cookie: setCookie.split(';')[0] ?? '', 'sec-fetch-site': 'same-origin' };
  const before = await call({ url: '/me', headers });
  const out = await call({ method: 'DELETE', url: '/session', headers });
  const afterwards = await call({ url: '/me', headers });

  assert.match(setCookie, /^__Host-pilothouse=phs_.*; Path=\/; Secure; HttpOnly; SameSite=Lax/);
  assert.equal(before.json().user.name, 'ada');
  assert.equal(out.statusCode, 204);
  assert.equal(afterwards.statusCode, 401);
});

test('a write that rides on a cookie from another site is refused, a read is not answered to it either way', async (t) => {
  const { call } = await withAdministrator(t);
  const signedIn = await call({ url: '/session', body: { name: 'ada', password: PASSWORD } });
  const cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
  const body = { name: 'x', roles: null, expiresInDays: 1 };
  const proofs: Record<string, string>[] = [
    {},
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example', host: 'localhost:7443' },
  ];

  for (const proof of proofs) {
    const answer = await call({ url: '/api-tokens', body, headers: { cookie, ...proof } });
    assert.equal(answer.json().code, 'CROSS_SITE_REFUSED', JSON.stringify(proof));
  }
  const own = { cookie, origin: 'https://localhost:7443', host: 'localhost:7443' };
  assert.equal((await call({ url: '/api-tokens', body, headers: own })).statusCode, 200);
});

test('a wrong password and an unknown name look the same, are audited, and run out', async (t) => {
  const { call, token } = await withAdministrator(t);
  const tries = Array.from({ length: 9 }, () => ({ name: 'ada', password: 'wrong password here' }));

  const unknown = await call({ url: '/session', body: { name: 'nobody', password: PASSWORD } });
  const codes: string[] = [];
  for (const body of tries) codes.push((await call({ url: '/session', body })).json().code);
  const limited = await call({ url: '/session', body: { name: 'ada', password: PASSWORD } });
  const audit = await call({ url: '/audit?action=session.sign-in-failed&limit=100', token });

  assert.equal(unknown.json().code, 'SIGN_IN_FAILED');
  assert.equal(codes[0], 'SIGN_IN_FAILED');
  assert.equal(codes.at(-1), 'TOO_MANY_REQUESTS');
  assert.equal(limited.statusCode, 429);
  assert.match(String(limited.headers['retry-after']), /^\d+$/);
  assert.equal(audit.json().items.length, 9, audit.body);
});

test('disabling a user ends sessions and tokens at once', async (t) => {
  const { call, token } = await withAdministrator(t);
  const user = await call({
    url: '/users',
    token,
    body: { name: 'grace', password: PASSWORD, roles: ['operator'] },
  });
  const login = { name: 'grace', password: PASSWORD, tokenName: 'cli' };
  const hers = (await call({ url: '/session', body: login })).json().token;

  const before = await call({ url: '/me', token: hers });
  await call({ method: 'PATCH', url: `/users/${user.json().id}`, token, body: { isDisabled: true } });
  const afterwards = await call({ url: '/me', token: hers });
  const again = await call({ url: '/session', body: login });

  assert.equal(before.statusCode, 200);
  assert.equal(afterwards.json().code, 'TOKEN_INVALID');
  assert.equal(again.json().code, 'SIGN_IN_FAILED');
});

test('the last administrator cannot be disabled, demoted or deleted', async (t) => {
  const { call, token } = await withAdministrator(t);

  const disabled = await call({ method: 'PATCH', url: '/users/ada', token, body: { isDisabled: true } });
  const demoted = await call({ method: 'PATCH', url: '/users/ada', token, body: { roles: ['reader'] } });
  const deleted = await call({ method: 'DELETE', url: '/users/ada', token });

  for (const answer of [disabled, demoted, deleted]) assert.equal(answer.json().code, 'LAST_ADMINISTRATOR');
});

test('nobody gives more than they hold, neither by a role nor by a password', async (t) => {
  const { call, token } = await withAdministrator(t);
  await call({
    url: '/roles',
    token,
    body: { name: 'clerk', grants: [{ permissions: ['users.read', 'users.manage', 'roles.manage'] }] },
  });
  await call({ url: '/users', token, body: { name: 'carl', password: PASSWORD, roles: ['clerk'] } });
  const login = { name: 'carl', password: PASSWORD, tokenName: 'cli' };
  const carl = (await call({ url: '/session', body: login })).json().token;

  const promotion = await call({
    method: 'PATCH',
    url: '/users/carl',
    token: carl,
    body: { roles: ['administrator'] },
  });
  const takeover = await call({
    method: 'PATCH',
    url: '/users/ada',
    token: carl,
    body: { password: 'taken over by carl' },
  });
  const role = await call({
    url: '/roles',
    token: carl,
    body: { name: 'all', grants: [{ permissions: ['*'] }] },
  });
  const equal = await call({
    url: '/users',
    token: carl,
    body: { name: 'cara', password: PASSWORD, roles: ['clerk'] },
  });

  for (const answer of [promotion, takeover, role])
    assert.equal(answer.json().code, 'GRANT_EXCEEDS_OWN', answer.body);
  assert.equal(equal.statusCode, 200, equal.body);
});

test('a token holds the roles it was given and loses those that its owner loses', async (t) => {
  const { call, token } = await withAdministrator(t);
  const made = await call({ url: '/api-tokens', token, body: { name: 'ro', roles: ['administrator'] } });
  const second = { name: 'bea', password: PASSWORD, roles: ['administrator', 'reader'] };
  await call({ url: '/users', token, body: second });
  const login = { name: 'bea', password: PASSWORD, tokenName: 'cli' };
  const bea = (await call({ url: '/session', body: login })).json().token;
  const reading = await call({ url: '/api-tokens', token: bea, body: { name: 'ro', roles: ['reader'] } });
  const secret = reading.json().secret;

  const write = await call({ url: '/users', token: secret, body: { name: 'x', password: PASSWORD } });
  const read = await call({ url: '/users', token: secret });
  const child = await call({ url: '/api-tokens', token: secret, body: { name: 'child' } });
  const demoted = await call({ method: 'PATCH', url: '/users/bea', token, body: { roles: ['operator'] } });
  const afterwards = await call({ url: '/users', token: secret });

  assert.equal(made.statusCode, 200);
  assert.equal(write.statusCode, 403);
  assert.equal(read.statusCode, 200);
  assert.deepEqual(child.json().roles, ['reader']);
  assert.equal(demoted.statusCode, 200, demoted.body);
  assert.equal(afterwards.statusCode, 403);
});

test('a changed role holds from the next request on, and an old etag is refused', async (t) => {
  const { call, token } = await withAdministrator(t);
  const role = { name: 'auditor', grants: [{ permissions: ['users.read'] }] };
  const made = await call({ url: '/roles', token, body: role });
  await call({ url: '/users', token, body: { name: 'otto', password: PASSWORD, roles: ['auditor'] } });
  const login = { name: 'otto', password: PASSWORD, tokenName: 'cli' };
  const otto = (await call({ url: '/session', body: login })).json().token;
  const ifMatch = { 'if-match': `"${made.json().etag}"` };
  const edit = {
    method: 'PUT',
    url: '/roles/auditor',
    token,
    body: { grants: [] },
    headers: ifMatch,
  } as const;

  const before = await call({ url: '/users', token: otto });
  const changed = await call(edit);
  const stale = await call(edit);
  const afterwards = await call({ url: '/users', token: otto });

  assert.equal(before.statusCode, 200);
  assert.equal(changed.statusCode, 200, changed.body);
  assert.equal(stale.json().code, 'EDIT_CONFLICT');
  assert.equal(afterwards.statusCode, 403);
});

test('a role with a misspelt permission, a bad selector or a global permission on some hosts is refused', async (t) => {
  const { call, token } = await withAdministrator(t);
  const make = (grant: object) => call({ url: '/roles', token, body: { name: 'odd', grants: [grant] } });

  const misspelt = await make({ permissions: ['users.raed'] });
  const selector = await make({ permissions: ['enrolment.read'], hosts: 'label.site ==' });
  const facts = await make({ permissions: ['enrolment.read'], hosts: 'isOnline' });
  const global = await make({ permissions: ['users.read'], hosts: 'label.site == "bj1"' });

  assert.deepEqual(misspelt.json().details, { permission: 'users.raed', nearest: 'users.read' });
  assert.equal(selector.json().code, 'SELECTOR_INVALID', selector.body);
  assert.ok(['SELECTOR_NOT_A_SCOPE', 'SELECTOR_INVALID'].includes(facts.json().code), facts.body);
  assert.equal(global.json().code, 'PERMISSION_NOT_BY_HOST');
});

test('changing the own password needs the old one and ends the other sessions', async (t) => {
  const { call } = await withAdministrator(t);
  const cookieOf = async () => {
    const signedIn = await call({ url: '/session', body: { name: 'ada', password: PASSWORD } });
    return {
      cookie: String(signedIn.headers['set-cookie']).split(';')[0] ?? '',
      'sec-fetch-site': 'same-origin',
    };
  };
  const [mine, other] = [await cookieOf(), await cookieOf()];
  const next = 'another horse battery';

  const wrong = await call({ url: '/me/password', headers: mine, body: { current: 'no', next } });
  const weak = await call({ url: '/me/password', headers: mine, body: { current: PASSWORD, next: 'short' } });
  const weakInChinese = await call({
    url: '/me/password',
    headers: { ...mine, 'accept-language': 'zh' },
    body: { current: PASSWORD, next: 'short' },
  });
  const changed = await call({ url: '/me/password', headers: mine, body: { current: PASSWORD, next } });

  assert.equal(wrong.json().code, 'SIGN_IN_FAILED');
  assert.equal(weak.json().code, 'PASSWORD_WEAK');
  assert.match(weakInChinese.json().title, /少于 12 个字符/);
  assert.equal(changed.statusCode, 204, changed.body);
  assert.equal((await call({ url: '/me', headers: mine })).statusCode, 200);
  assert.equal((await call({ url: '/me', headers: other })).statusCode, 401);
});

/**
 * Walks every mounted route of kernel and plugins as nobody, as somebody with rights on other hosts alone, and as a
 * reader. A new route is walked without a line here; one that is open to everybody has to be named here.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Route, roleRoutes, sessionRoutes, userRoutes } from '@pilothouse/contract';
import { openTestKernel, type TestKernel } from '@pilothouse/kernel/open-test-kernel';
import { plugins } from './plugins.ts';

const PUBLIC_ROUTES = [
  'session.create',
  'session.oidc-callback',
  'session.oidc-start',
  'setup.complete',
  'setup.page',
  'system.docs',
  'system.health',
  'system.home',
  'system.openapi',
  'system.ready',
];
/** What everybody may do to their own account, a reader included. */
const OWN_ROUTES = [
  'session.delete',
  'session.change-password',
  'api-tokens.create',
  'api-tokens.revoke',
  'operator-keys.challenge',
  'operator-keys.register',
  'operator-keys.revoke',
];
const PASSWORD = 'correct horse battery';

let kernel: TestKernel;
let hostId: string;
const tokens = { administrator: '', reader: '', elsewhere: '' };

before(async () => {
  kernel = await openTestKernel({ plugins });
  hostId = await kernel.addHost({ name: 'secret-host-1', labels: { site: 'bj1' } });
  const code = await kernel.newSetupCode();
  const setup = await send(sessionRoutes.setup, '', {
    body: { code, name: 'ada', password: PASSWORD, tokenName: 'walk' },
  });
  tokens.administrator = setup.json().token;
  const everywhere = roleRoutes.create;
  const names = [...kernel.permissions.values()]
    .filter((permission) => permission.scope === 'hosts')
    .map((permission) => permission.name);
  const made = await send(everywhere, tokens.administrator, {
    body: {
      name: 'elsewhere',
      grants: [{ permissions: names, hosts: 'label.site == "gz2"', effectMax: 'destructive' }],
    },
  });
  assert.equal(made.statusCode, 200, made.body);
  tokens.reader = await addUser('rhea', 'reader');
  tokens.elsewhere = await addUser('elsa', 'elsewhere');
});

after(() => kernel.close());

async function addUser(name: string, role: string): Promise<string> {
  const made = await send(userRoutes.create, tokens.administrator, {
    body: { name, password: PASSWORD, roles: [role] },
  });
  assert.equal(made.statusCode, 200, made.body);
  const signedIn = await send(sessionRoutes.signIn, '', {
    body: { name, password: PASSWORD, tokenName: 'walk' },
  });
  return signedIn.json().token;
}

interface Sent {
  readonly params?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** The route's example, about the host that the fleet has. */
async function send(route: Route, token: string, sent: Sent = {}) {
  const params = { ...route.example.params, ...sent.params };
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(aboutHost(name, params[name])),
  );
  const query = Object.entries(route.example.query ?? {}).map(([name, value]): [string, string] => [
    name,
    aboutHost(name, value),
  ]);
  const body = sent.body ?? route.example.body;
  const answer = await kernel.inject({
    method: route.method,
    url: query.length === 0 ? path : `${path}?${new URLSearchParams(query).toString()}`,
    headers: token === '' ? {} : { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { payload: JSON.parse(JSON.stringify(body)) }),
    ...(route.stream === 'text/event-stream' ? { payloadAsStream: true } : {}),
  });
  // An open stream is not read to its end, which never comes.
  if (route.stream === 'text/event-stream') answer.raw.res.destroy();
  return answer;
}

const aboutHost = (name: string, value: string | undefined): string =>
  /^h_/.test(value ?? '') || name === 'hostId' ? hostId : (value ?? 'none');

const routes = (): Route[] => kernel.endpoints.map((endpoint) => endpoint.route);

test('nobody is let in anywhere but where the list says', async () => {
  const open: string[] = [];
  for (const route of routes()) {
    const answer = await send(route, '');
    if (route.access.kind === 'public') open.push(route.id);
    else assert.equal(answer.statusCode, 401, `${route.id}: ${answer.statusCode}`);
  }

  assert.deepEqual(open.sort(), PUBLIC_ROUTES);
});

test('a token that is not good is refused on every route that is not public', async () => {
  for (const route of routes().filter((each) => each.access.kind !== 'public')) {
    const answer = await send(route, 'pha_not-a-token');

    assert.equal(answer.statusCode, 401, route.id);
  }
});

test('whoever has rights on other hosts alone learns nothing of a host and changes nothing', async () => {
  for (const route of routes()) {
    if (route.access.kind !== 'permission') continue;
    const answer = await send(route, tokens.elsewhere);

    const permission = kernel.permissions.get(route.access.permission);
    if (permission?.scope === 'global') assert.equal(answer.statusCode, 403, route.id);
    if (route.stream === 'text/event-stream') continue;
    assert.ok(!answer.body.includes('secret-host-1'), `${route.id} shows the host's name: ${answer.body}`);
    assert.notEqual(answer.statusCode, 401, route.id);
    assert.ok(answer.statusCode < 500, `${route.id}: ${answer.body}`);
  }
  assert.equal(kernel.hosts.index.get(hostId)?.state, 'active');
});

test('a reader reads everything and changes nothing', async () => {
  for (const route of routes()) {
    if (route.access.kind === 'public' || OWN_ROUTES.includes(route.id)) continue;
    const answer = await send(route, tokens.reader);

    const isRead =
      route.access.kind === 'signed-in' || kernel.permissions.get(route.access.permission)?.isRead;
    if (isRead === true)
      assert.ok([200, 304, 404, 409].includes(answer.statusCode), `${route.id}: ${answer.statusCode}`);
    else assert.equal(answer.statusCode, 403, `${route.id}: ${answer.statusCode}`);
    if (route.method === 'GET') assert.equal(isRead, true, `${route.id} is a GET that a reader may not ask`);
  }
});

test('every permission that a route asks for is declared, and every code it lists has a text', () => {
  for (const route of routes()) {
    if (route.access.kind === 'permission') {
      assert.ok(kernel.permissions.has(route.access.permission), `${route.id}: ${route.access.permission}`);
    }
    for (const code of route.errors) assert.ok(kernel.errors[code] !== undefined, `${route.id}: ${code}`);
  }
});

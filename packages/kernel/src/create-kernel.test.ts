import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestKernel } from './open-test-kernel.ts';

test('serves health, set-up, sign-in and who-am-I without any plugin', async (t) => {
  const kernel = await openTestKernel();
  t.after(() => kernel.close());

  const health = await kernel.inject({ method: 'GET', url: '/healthz' });
  const code = await kernel.newSetupCode();
  const setup = await kernel.inject({
    method: 'POST',
    url: '/api/v1/setup',
    payload: { code, name: 'ada', password: 'correct horse battery', tokenName: 'cli' },
  });
  const { token } = setup.json();
  const me = await kernel.inject({
    method: 'GET',
    url: '/api/v1/me',
    headers: { authorization: `Bearer ${token}` },
  });

  assert.equal(health.statusCode, 200);
  assert.equal(setup.statusCode, 200, setup.body);
  assert.equal(me.json().user.name, 'ada');
  assert.ok(me.json().permissions.includes('users.manage'));
});

/** In a whole kernel: what changes somebody’s rights is heard of where their approvals count. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  approvalRoutes,
  type MadePlan,
  planRoutes,
  type Rollout,
  type Route,
  rolloutRoutes,
  sessionRoutes,
  userRoutes,
} from '@pilothouse/contract';
import { until } from '@pilothouse/testkit';
import { openTestKernel } from '../open-test-kernel.ts';

const PASSWORD = 'correct horse battery';
const DAY_MS = 86_400_000;

test('a rollout that is approved and has not begun waits again once its approver lost the right', async (t) => {
  const kernel = await openTestKernel();
  t.after(() => kernel.close());
  await kernel.addHost({ name: 'web-1' });
  const send = async (token: string, route: Route, params: Record<string, string>, body?: object) => {
    const answer = await kernel.inject({
      method: route.method,
      url: route.path.replace(/\{(\w+)\}/g, (_, key: string) => params[key] ?? ''),
      headers: token === '' ? {} : { authorization: `Bearer ${token}`, 'if-match': '"1"' },
      ...(body === undefined ? {} : { payload: JSON.parse(JSON.stringify(body)) }),
    });
    return answer.json();
  };
  const code = await kernel.newSetupCode();
  const setup = { code, name: 'ada', password: PASSWORD, tokenName: 't' };
  const ada = (await send('', sessionRoutes.setup, {}, setup)).token;
  await send(ada, userRoutes.create, {}, { name: 'linus', password: PASSWORD, roles: ['operator'] });
  const signIn = { name: 'linus', password: PASSWORD, tokenName: 't' };
  const linus = (await send('', sessionRoutes.signIn, {}, signIn)).token;
  const { plan }: MadePlan = await send(
    ada,
    planRoutes.create,
    {},
    {
      title: 'reboot tomorrow',
      target: { selector: 'true' },
      actions: [{ action: 'host.reboot', parameters: { reason: 'test' } }],
      strategy: { approvalsMin: 1 },
      notBefore: new Date(Date.now() + DAY_MS).toISOString(),
    },
  );
  await send(linus, approvalRoutes.give, { digest: plan.digest }, { comment: '' });
  const { id }: Rollout = await send(ada, rolloutRoutes.start, {}, { planDigest: plan.digest });
  const stateNow = async () => (await send(ada, rolloutRoutes.get, { rolloutId: id })).state;
  assert.equal(await stateNow(), 'scheduled');

  await send(ada, userRoutes.update, { id: 'linus' }, { roles: ['reader'] });

  await until('the rollout to wait again', 5000, async () => (await stateNow()) === 'awaiting-approval');
});

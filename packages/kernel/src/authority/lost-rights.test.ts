/** In a whole kernel: what changes rights or rules is heard of where approvals count. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
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

/** Ada and a plan of hers for tomorrow on one host. */
async function openWorld(t: TestContext, strategy: object) {
  const kernel = await openTestKernel();
  t.after(() => kernel.close());
  await kernel.addHost({ name: 'web-1' });
  const send = async (token: string, route: Route, params: Record<string, string>, body?: object) => {
    const answer = await kernel.inject({
      method: route.method,
      url: route.path.replace(/\{(\w+)\}/g, (_, key: string) => params[key] ?? ''),
      headers: token === '' ? {} : { authorization: `Bearer ${token}`, 'if-match': '*' },
      ...(body === undefined ? {} : { payload: JSON.parse(JSON.stringify(body)) }),
    });
    return answer.json();
  };
  const code = await kernel.newSetupCode();
  const setup = { code, name: 'ada', password: PASSWORD, tokenName: 't' };
  const ada = (await send('', sessionRoutes.setup, {}, setup)).token;
  const { plan }: MadePlan = await send(
    ada,
    planRoutes.create,
    {},
    {
      title: 'reboot tomorrow',
      target: { selector: 'true' },
      actions: [{ action: 'host.reboot', parameters: { reason: 'test' } }],
      strategy,
      notBefore: new Date(Date.now() + DAY_MS).toISOString(),
    },
  );
  const start = async () => {
    const { id }: Rollout = await send(ada, rolloutRoutes.start, {}, { planDigest: plan.digest });
    return async () => (await send(ada, rolloutRoutes.get, { rolloutId: id })).state;
  };
  return { send, ada, plan, start };
}

test('a rollout that is approved and has not begun waits again once its approver lost the right', async (t) => {
  const { send, ada, plan, start } = await openWorld(t, { approvalsMin: 1 });
  await send(ada, userRoutes.create, {}, { name: 'linus', password: PASSWORD, roles: ['operator'] });
  const signIn = { name: 'linus', password: PASSWORD, tokenName: 't' };
  const linus = (await send('', sessionRoutes.signIn, {}, signIn)).token;
  await send(linus, approvalRoutes.give, { digest: plan.digest }, { comment: '' });
  const stateNow = await start();
  assert.equal(await stateNow(), 'scheduled');

  await send(ada, userRoutes.update, { id: 'linus' }, { roles: ['reader'] });

  await until('the rollout to wait again', 5000, async () => (await stateNow()) === 'awaiting-approval');
});

test('standing rules that change are heard by rollouts that have not begun', async (t) => {
  const { send, ada, start } = await openWorld(t, {});
  const none = { read: 0, reversible: 0, disruptive: 0, destructive: 0, arbitrary: 0 };
  await send(ada, approvalRoutes.setRules, {}, none);
  const stateNow = await start();
  assert.equal(await stateNow(), 'scheduled');

  await send(ada, approvalRoutes.setRules, {}, { ...none, disruptive: 1 });
  await until(
    'the rollout to wait for approval',
    5000,
    async () => (await stateNow()) === 'awaiting-approval',
  );

  await send(ada, approvalRoutes.setRules, {}, none);
  await until('the rollout to wait for its time alone', 5000, async () => (await stateNow()) === 'scheduled');
});

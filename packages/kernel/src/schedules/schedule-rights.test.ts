/** The API of schedules in a whole kernel: whose they are, and what approvals are bound to. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Route, type Schedule, schedulesRoutes, sessionRoutes, userRoutes } from '@pilothouse/contract';
import { openTestKernel } from '../open-test-kernel.ts';

const PASSWORD = 'correct horse battery';
const TERMS = {
  template: {
    title: 'weekly reboot',
    target: { selector: 'label.role == "web"' },
    actions: [{ action: 'host.reboot', parameters: { reason: 'weekly' } }],
    strategy: { approvalsMin: 1 },
  },
  recurrence: { rrule: 'FREQ=WEEKLY', timeZone: 'UTC', start: '2026-01-01T02:00:00' },
  hostsMax: 2,
};

async function open(t: TestContext) {
  const kernel = await openTestKernel();
  t.after(() => kernel.close());
  await kernel.addHost({ name: 'web-1', labels: { role: 'web' } });
  const send = async (
    route: Route,
    token: string,
    sent: { params?: object; body?: unknown; etag?: string } = {},
  ) => {
    const params = new Map(Object.entries(sent.params ?? {}));
    const answer = await kernel.inject({
      method: route.method,
      url: route.path.replace(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(String(params.get(key)))),
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(sent.etag === undefined ? {} : { 'if-match': `"${sent.etag}"` }),
      },
      ...(sent.body === undefined ? {} : { payload: JSON.parse(JSON.stringify(sent.body)) }),
    });
    return answer.body === '' ? null : answer.json();
  };
  const code = await kernel.newSetupCode();
  const setup = { code, name: 'ada', password: PASSWORD, tokenName: 'test' };
  const ada: string = (await send(sessionRoutes.setup, '', { body: setup })).token;
  const person = async (name: string, role: string): Promise<string> => {
    await send(userRoutes.create, ada, { body: { name, password: PASSWORD, roles: [role] } });
    return (await send(sessionRoutes.signIn, '', { body: { name, password: PASSWORD, tokenName: 't' } }))
      .token;
  };
  const named = { params: { name: 'weekly' } };
  return {
    send,
    ada,
    grace: await person('grace', 'operator'),
    linus: await person('linus', 'operator'),
    rhea: await person('rhea', 'reader'),
    put: (token: string, body: object, etag?: string) =>
      send(schedulesRoutes.put, token, { ...named, body, ...(etag === undefined ? {} : { etag }) }),
    approve: (token: string, { termsDigest }: Schedule) =>
      send(schedulesRoutes.approve, token, { ...named, body: { termsDigest } }),
    runNow: (token: string) => send(schedulesRoutes.runNow, token, named),
    demote: (name: string) =>
      send(userRoutes.update, ada, { params: { id: name }, body: { roles: ['reader'] }, etag: '1' }),
    pause: (token: string) => send(schedulesRoutes.pause, token, named),
  };
}

test('an approval binds the terms: not by the owner, not of other terms, and void with the next change', async (t) => {
  const it = await open(t);
  const made: Schedule = await it.put(it.grace, TERMS);
  assert.deepEqual([made.owner, made.approvals, made.next.length], ['grace', { required: 1, given: [] }, 5]);
  assert.equal((await it.runNow(it.grace)).cause.code, 'SCHEDULE_NOT_APPROVED');

  assert.equal((await it.approve(it.grace, made)).code, 'SCHEDULE_APPROVAL_BY_OWNER');
  assert.equal((await it.approve(it.rhea, made)).code, 'FORBIDDEN');
  const changed: Schedule = await it.put(it.grace, { ...TERMS, hostsMax: 3 }, made.etag);
  assert.equal((await it.approve(it.linus, made)).code, 'SCHEDULE_TERMS_CHANGED');
  const approved: Schedule = await it.approve(it.linus, changed);
  assert.deepEqual(approved.approvals, { required: 1, given: ['linus'] });
  assert.equal((await it.runNow(it.grace)).state, 'started');

  const again: Schedule = await it.put(it.grace, { ...TERMS, hostsMax: 4 }, approved.etag);
  assert.deepEqual(again.approvals.given, []);
});

test('an approval by somebody who has lost the right since runs nothing', async (t) => {
  const it = await open(t);
  await it.approve(it.linus, await it.put(it.grace, TERMS));
  await it.demote('linus');

  const { state, cause } = await it.runNow(it.grace);

  assert.deepEqual([state, cause.code, cause.details.given], ['skipped', 'SCHEDULE_NOT_APPROVED', 0]);
});

test('another’s schedule is touched by whoever manages all of them, and is theirs once they change it', async (t) => {
  const it = await open(t);
  const made: Schedule = await it.put(it.grace, TERMS);

  assert.equal((await it.put(it.linus, TERMS, made.etag)).code, 'SCHEDULE_OF_ANOTHER');
  assert.equal((await it.pause(it.linus)).code, 'SCHEDULE_OF_ANOTHER');
  assert.equal((await it.put(it.rhea, TERMS, made.etag)).code, 'FORBIDDEN');
  const paused: Schedule = await it.pause(it.ada);
  assert.deepEqual([paused.owner, paused.isPaused, paused.next], ['grace', true, []]);
  const taken: Schedule = await it.put(it.ada, TERMS, paused.etag);
  assert.equal(taken.owner, 'ada');
});

test('terms that could not become a plan now are refused when they are set', async (t) => {
  const it = await open(t);
  const codeOf = async (change: object) => (await it.put(it.grace, { ...TERMS, ...change })).code;
  const { template, recurrence } = TERMS;

  assert.equal(
    await codeOf({ template: { ...template, actions: [{ action: 'no.such', parameters: {} }] } }),
    'PLAN_ACTION_UNKNOWN',
  );
  assert.equal(
    await codeOf({ template: { ...template, target: { selector: 'label.role == "db"' } } }),
    'PLAN_NO_TARGETS',
  );
  assert.equal(
    await codeOf({ recurrence: { ...recurrence, rrule: 'FREQ=SECONDLY' } }),
    'WINDOW_RULE_INVALID',
  );
  assert.equal(
    await codeOf({ recurrence: { ...recurrence, timeZone: 'Mars/Base' } }),
    'WINDOW_TIME_ZONE_UNKNOWN',
  );
  assert.equal(
    await codeOf({ template: { ...template, target: { selector: 'true' } }, hostsMax: 0 }),
    'INVALID_REQUEST',
  );
});

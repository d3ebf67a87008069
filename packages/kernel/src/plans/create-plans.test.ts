import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, type MadePlan, type PlanPreview } from '@pilothouse/contract';
import { pageCursor } from '../page-cursor.ts';
import { openTestRollouts, principalOver, type TestRollouts } from '../rollouts/open-test-rollouts.ts';

const body = (changes: Record<string, unknown> = {}) => ({
  title: 'test',
  target: { selector: 'true' },
  actions: [{ action: 'test.run', parameters: { text: 'uptime' } }],
  ...changes,
});
const make = (world: TestRollouts, changes: Record<string, unknown> = {}) =>
  world.call<MadePlan>('plans.create', { body: body(changes) });

async function refusal(made: Promise<unknown>): Promise<AppError> {
  const error = await made.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof AppError);
  return error;
}

test('each request that cannot be planned is refused with its code and what to correct', async () => {
  const world = await openTestRollouts(3);
  const cases: [Record<string, unknown>, string, Record<string, unknown>?][] = [
    [{ target: {} }, 'PLAN_TARGET_EMPTY'],
    [{ target: { selector: 'name=nobody' } }, 'PLAN_NO_TARGETS'],
    [{ target: { hostIds: ['h_999999999999999999'] } }, 'PLAN_HOST_UNKNOWN'],
    [
      { actions: [{ action: 'test.rum', parameters: {} }] },
      'PLAN_ACTION_UNKNOWN',
      { near: 'test.run, test.change' },
    ],
    [
      { actions: [{ action: 'test.run', parameters: { text: 'x', txet: 'y' } }] },
      'PLAN_PARAMETERS_INVALID',
      { where: 'parameters.txet' },
    ],
    [
      { actions: [{ action: 'test.run', parameters: { text: 1 } }] },
      'PLAN_PARAMETERS_INVALID',
      { where: 'parameters.text' },
    ],
    [
      { actions: [{ action: 'test.run', parameters: { text: 'x'.repeat(300_000) } }] },
      'PLAN_PARAMETERS_TOO_LARGE',
    ],
    [
      { strategy: { taskTimeoutMs: 7_200_000 } },
      'PLAN_STRATEGY_INVALID',
      { where: 'strategy.taskTimeoutMs' },
    ],
    [{ expiresAt: '2020-01-01T00:00:00.000Z' }, 'PLAN_STRATEGY_INVALID', { where: 'expiresAt' }],
  ];

  for (const [changes, code, details] of cases) {
    const error = await refusal(make(world, changes));
    assert.equal(error.code, code);
    for (const [key, value] of Object.entries(details ?? {})) assert.equal(error.details[key], value);
  }
  await world.close();
});

test('whoever may not act on a host that they see is refused, with the effect class', async () => {
  const world = await openTestRollouts(2);
  const ann = principalOver(() => true);
  const limited = {
    ...ann,
    scope: (permission: string) =>
      permission === 'rollouts.start'
        ? { isAll: false, isNone: false, includes: (host: { id: string }) => host.id === world.hostId(0) }
        : ann.scope(permission),
  };

  const error = await refusal(world.call('plans.create', { body: body(), principal: limited }));

  assert.equal(error.code, 'PLAN_HOST_FORBIDDEN');
  assert.deepEqual(error.details, { effect: 'disruptive', count: 1, hosts: 'web-1' });
  await world.close();
});

test('how many hosts a target would mean now says nothing of hosts that the reader does not see', async () => {
  const world = await openTestRollouts(3);
  const limited = principalOver((host) => host.id !== world.hostId(2));
  const { plan } = await make(world);

  const { preview } = await world.call<{ preview: PlanPreview }>('plans.sketch', {
    body: body(),
    principal: limited,
  });
  const read = await world.call<{ matchingNow: number | null }>('plans.get', {
    params: { digest: plan.digest },
    principal: limited,
  });

  assert.equal(preview.matchingNow, 2);
  // Beside the hosts of the whole plan, two would look like a change.
  assert.equal(read.matchingNow, null);
  await world.close();
});

test('a plan reads back from the store as it was made, and ten thousand hosts cost one list and one command', async () => {
  const world = await openTestRollouts(2500);
  const { plan, hostsCount } = await make(world);
  await make(world);
  const counted = await world.store
    .as<{ plans_content: { size_bytes: number } }>()
    .selectFrom('plans_content')
    .select(({ fn }) => fn.countAll<number>().as('pieces'))
    .executeTakeFirst();

  const after = await world.crash();
  const read = await after.call<{ digest: string; matchingNow: number }>('plans.get', {
    params: { digest: plan.digest },
  });
  const steps = await after.call<{ items: { index: number }[]; nextCursor: string }>('plans.steps', {
    params: { digest: plan.digest },
    query: { cursor: pageCursor('2000'), limit: '100' },
  });

  assert.equal(hostsCount, 2500);
  assert.equal(counted?.pieces, 7);
  assert.equal(read.matchingNow, 2500);
  assert.equal(steps.items[0]?.index, 2000);
  assert.equal(steps.nextCursor, pageCursor('2100'));
  await after.close();
});

test('why an agent does not offer an action is kept in both languages where it knows both', async () => {
  const world = await openTestRollouts(1);
  const session = world.fleet.hosts.get(world.hostId(0))?.session;
  assert.ok(session);
  const why = { en: 'needs root', zh: '需要 root' };
  const actionsAbsent = { 'test.run': why.en };
  Object.assign(session.hello, { actions: {}, actionsAbsent, actionsAbsentWhy: { 'test.run': why } });
  world.fleet.announce(world.hostId(0));
  await world.calm();

  const { lacking } = await make(world);
  const { id } = await world.run();
  await world.calm();

  assert.deepEqual(
    lacking.map((host) => [host.detail, host.why]),
    [[why.en, why]],
  );
  const { items } = await world.call<{ items: { error: { code: string; details: object } }[] }>(
    'rollouts.groups.list',
    { params: { rolloutId: id } },
  );
  assert.deepEqual(
    items.map(({ error }) => error),
    [
      {
        code: 'TASK_ACTION_LACKING',
        details: { action: 'test.run', kind: 'not-here', reason: why },
      },
    ],
  );
  await world.close();
});

test('hosts whose agent lacks the action are said beforehand and skipped, also when they are offline', async () => {
  const world = await openTestRollouts(2);
  const session = world.fleet.hosts.get(world.hostId(1))?.session;
  assert.ok(session);
  Object.assign(session.hello, { actions: {}, actionsAbsent: { 'test.run': 'needs root' } });
  world.fleet.announce(world.hostId(1));
  await world.calm();

  const { lacking } = await make(world);
  const { id } = await world.run();
  await world.calm();

  assert.deepEqual(
    lacking.map((host) => [host.hostName, host.reason, host.detail]),
    [['web-1', 'not-here', 'needs root']],
  );
  assert.deepEqual((await world.get(id)).counts.skipped, 1);
  await world.close();
});

test('an action that names a permission takes it on every target, whatever effect its asker declares', async () => {
  const world = await openTestRollouts(2);
  const ann = principalOver(() => true);
  const onlyFirst = {
    ...ann,
    scope: (permission: string) =>
      permission === 'test.arbitrary'
        ? { isAll: false, isNone: false, includes: (host: { id: string }) => host.id === world.hostId(0) }
        : ann.scope(permission),
  };
  const actions = [{ action: 'guarded.any', parameters: { text: 'uptime' } }];

  const error = await refusal(world.call('plans.create', { body: body({ actions }), principal: onlyFirst }));
  const made = await make(world, { actions });

  assert.equal(error.code, 'PLAN_PERMISSION_LACKING');
  assert.deepEqual(error.details, { permission: 'test.arbitrary', count: 1, hosts: 'web-1' });
  assert.equal(made.hostsCount, 2);
  await world.close();
});

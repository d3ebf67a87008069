import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '@pilothouse/contract';
import { openTestSchedules } from './open-test-schedules.ts';
import { readSchedules, writeSchedule } from './schedules-store.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test('an occurrence is carried out at its time, once, and the next waits for its own', async (t) => {
  const it = await openTestSchedules(t);
  const room = await it.open();
  await it.tick(room);
  assert.equal(it.plans.size, 0);

  it.clock.advance(30 * MINUTE);
  await it.tick(room);
  await it.tick(room);

  const [only, ...more] = await it.history();
  assert.deepEqual(more, []);
  assert.equal(only?.state, 'started');
  assert.deepEqual(it.started(), [only.rolloutId]);
  it.clock.advance(HOUR);
  await it.tick(room);
  assert.equal(it.started().length, 2);
});

test('wherever the server dies, each occurrence has one rollout and no other', async (t) => {
  for (let deathAt = 0; deathAt < 16; deathAt++) {
    const it = await openTestSchedules(t);
    let steps = 0;
    let deaths = 0;
    it.world.step = () => {
      if (steps++ !== deathAt) return;
      deaths += 1;
      throw new Error('died');
    };
    it.clock.advance(30 * MINUTE);
    await it.tick(await it.open()).catch(() => {});
    // Another process, over what the first left on disk.
    const room = await it.open();
    await it.tick(room);
    await it.tick(room);

    const history = await it.history();
    assert.deepEqual(
      history.map(({ state }) => state),
      ['started'],
      `died at step ${deathAt}`,
    );
    assert.deepEqual(it.started(), [history[0]?.rolloutId], `died at step ${deathAt}`);
    assert.ok(deaths === 1 || deathAt >= 8);
  }
});

test('a store that is away for a moment is nobody’s refusal: the occurrence is carried out when it is back', async (t) => {
  for (let awayAt = 0; awayAt < 8; awayAt++) {
    const it = await openTestSchedules(t);
    const room = await it.open();
    let calls = 0;
    it.world.step = () => {
      if (calls++ === awayAt) throw new AppError('STORE_AWAY', { place: 'test' });
    };
    it.clock.advance(30 * MINUTE);
    await it.tick(room).catch(() => {});
    await it.tick(room);
    await it.tick(room);

    assert.deepEqual(
      (await it.history()).map(({ state }) => state),
      ['started'],
      `away at step ${awayAt}`,
    );
    assert.equal(it.started().length, 1);
  }
});

test('a late one is run once; those before it are missed, in the history and as one finding', async (t) => {
  const it = await openTestSchedules(t, { missed: 'run-once-late', lateMsMax: HOUR });
  it.clock.advance(3 * HOUR + 10 * MINUTE);
  const room = await it.open();
  await it.tick(room);

  assert.deepEqual(
    (await it.history()).map(({ state }) => state),
    ['started', 'missed', 'missed'],
  );
  it.clock.advance(5 * HOUR);
  const skipping = await openTestSchedules(t, { missed: 'skip' });
  skipping.clock.advance(HOUR);
  const other = await skipping.open();
  await skipping.tick(other);
  await skipping.tick(other, 'schedules.failed');
  assert.deepEqual(skipping.world.findings, [
    {
      key: 'nightly',
      evidence: {
        name: 'nightly',
        dueAt: '2026-01-01T00:30:00.000Z',
        state: 'missed',
        code: 'SCHEDULE_MISSED',
      },
    },
  ]);
  assert.equal(skipping.plans.size, 0);
});

test('what stands in the way is the outcome: no owner, no rights, too many hosts, one still going on', async (t) => {
  const it = await openTestSchedules(t);
  const room = await it.open();
  const next = async () => {
    it.clock.advance(HOUR);
    await it.tick(room);
    const [last] = await it.history();
    return [last?.state, last?.cause?.code];
  };
  it.world.isOwnerThere = false;
  assert.deepEqual(await next(), ['failed', 'SCHEDULE_OWNER_GONE']);
  it.world.isOwnerThere = true;
  it.world.refusal = new AppError('PLAN_HOST_FORBIDDEN', { count: 1 });
  assert.deepEqual(await next(), ['failed', 'PLAN_HOST_FORBIDDEN']);
  it.world.refusal = null;
  it.world.hosts = 11;
  assert.deepEqual(await next(), ['skipped', 'SCHEDULE_HOSTS_OVER_CAP']);
  assert.deepEqual(it.started(), []);
  it.world.hosts = 10;
  assert.deepEqual(await next(), ['started', undefined]);
  it.world.isRolloutGoingOn = true;
  assert.deepEqual(await next(), ['skipped', 'SCHEDULE_OVERLAPS']);
  assert.deepEqual(await next(), ['skipped', 'SCHEDULE_OVERLAPS']);
  await it.tick(room, 'schedules.failed');
  assert.equal(it.world.findings.length, 1);
  it.world.isRolloutGoingOn = false;
  assert.deepEqual(await next(), ['started', undefined]);
  await it.tick(room, 'schedules.failed');
  assert.deepEqual(it.world.findings, []);
});

test('terms that need approvals are not carried out without them', async (t) => {
  const it = await openTestSchedules(t, {
    template: {
      title: 'nightly',
      target: { selector: 'true' },
      actions: [{ action: 'a.b', parameters: {} }],
      strategy: { approvalsMin: 1 },
    },
  });
  const room = await it.open();
  it.clock.advance(30 * MINUTE);
  await it.tick(room);

  const [only] = await it.history();
  assert.deepEqual(only?.cause, {
    code: 'SCHEDULE_NOT_APPROVED',
    details: { name: 'nightly', required: 1, given: 0 },
  });
});

test('what has waited for its start beyond its terms is left out, as long as nothing of it runs', async (t) => {
  const recurrence = { rrule: 'FREQ=DAILY', timeZone: 'UTC', start: '2026-01-01T00:30:00' };
  for (const terms of [{ missed: 'skip' }, { missed: 'run-once-late', lateMsMax: HOUR }])
    for (let deathAt = 0; deathAt < 8; deathAt++) {
      const it = await openTestSchedules(t, { ...terms, recurrence });
      let steps = 0;
      it.world.step = () => {
        if (steps++ === deathAt) throw new Error('died');
      };
      it.clock.advance(30 * MINUTE);
      await it.tick(await it.open()).catch(() => {});
      const inTime = it.started();
      // Nobody is there until the morning.
      it.clock.advance(8 * HOUR);
      await it.tick(await it.open());

      const started = it.started();
      const [only, ...more] = await it.history();
      const why = `${terms.missed}, died at step ${deathAt}`;
      assert.deepEqual(more, [], why);
      assert.deepEqual(
        [only?.state, only?.cause?.code ?? null],
        started.length > 0 ? ['started', null] : ['missed', 'SCHEDULE_MISSED'],
        why,
      );
      assert.deepEqual(started, inTime, why);
    }
});

test('a schedule whose next time cannot be found holds up no other', async (t) => {
  const it = await openTestSchedules(t);
  const [nightly] = await readSchedules(it.store);
  assert.ok(nightly);
  // On leap days that are Mondays: there is one in decades.
  const recurrence = { ...nightly.terms.recurrence, rrule: 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO' };
  await it.store.transaction((transaction) =>
    writeSchedule(transaction, { ...nightly, name: 'a-rare-one', terms: { ...nightly.terms, recurrence } }),
  );
  it.clock.advance(30 * MINUTE);

  await it.tick(await it.open());

  assert.deepEqual(
    (await it.history()).map(({ state }) => state),
    ['started'],
  );
});

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { DAY_MS, HOUR_MS } from '@pilothouse/base';
import { newCsr, openTestGateway, type TestGateway } from '../gateway/test/open-test-gateway.ts';
import type { EnrolmentTables } from './store.ts';

/** Fewer ticks, so that months of test time pass in a moment. */
const SLOW = {
  silenceMaxMs: 3650 * DAY_MS,
  sweepIntervalMs: 100 * DAY_MS,
  timeIntervalMs: 3650 * DAY_MS,
  ticketKeyLifeMs: 3650 * DAY_MS,
};

async function enrolled(t: TestContext) {
  const world = await openTestGateway(SLOW);
  t.after(() => world.close());
  const { hostId } = await world.enrol();
  const renew = async () => world.enrolment.service.renew(hostId, (await newCsr()).csr);
  return { world, hostId, renew };
}

const dbOf = ({ context }: TestGateway) => context.store.as<EnrolmentTables>();
const lifesOf = async (world: TestGateway, hostId: string) =>
  dbOf(world)
    .selectFrom('enrolment_certificate')
    .select(['issued_at', 'not_after', 'revoked_at'])
    .where('host_id', '=', hostId)
    .orderBy('issued_at')
    .execute();

test('a host gets eight certificates within an hour, and the next ones when that is over', async (t) => {
  const { world, hostId, renew } = await enrolled(t);
  for (let n = 1; n < 8; n++) await renew();

  await assert.rejects(renew(), (cause: { code?: string }) => cause.code === 'ENROL_RENEWED_TOO_OFTEN');
  world.clock.advance(HOUR_MS);
  await renew();

  assert.equal((await lifesOf(world, hostId)).length, 9);
});

test('what ran out a season ago is forgotten with the next renewal, but for the newest and what was revoked', async (t) => {
  const { world, hostId, renew } = await enrolled(t);
  const began = world.clock.now();
  for (let n = 0; n < 25; n++) {
    world.clock.advance(10 * DAY_MS);
    await renew();
    if (n === 0)
      await world.context.store.transaction((transaction) =>
        transaction
          .as<EnrolmentTables>()
          .updateTable('enrolment_certificate')
          .set({ revoked_at: began })
          .where('issued_at', '=', began)
          .execute(),
      );
  }

  const [revoked, ...kept] = await lifesOf(world, hostId);
  assert.equal(revoked?.issued_at, began);
  assert.equal(kept.length, 16);
  assert.equal(kept.at(-1)?.issued_at, world.clock.now());
});

test('a host that slept for half a year keeps what it holds', async (t) => {
  const { world, hostId, renew } = await enrolled(t);
  const began = world.clock.now();
  world.clock.advance(150 * DAY_MS);
  await renew();

  assert.equal((await lifesOf(world, hostId))[0]?.issued_at, began);
});

test('a host that renews every hour forgets nothing that is still good', async (t) => {
  const { world, hostId, renew } = await enrolled(t);
  for (let n = 0; n < 40; n++) {
    world.clock.advance(HOUR_MS);
    await renew();
  }

  assert.equal((await lifesOf(world, hostId)).length, 41);
});

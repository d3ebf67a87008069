import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MINUTE_MS } from '@pilothouse/base';
import { AppError } from '@pilothouse/contract';
import { openTestFacts, present } from './open-test-facts.ts';

const debian = { id: 'debian', versionId: '12' };
const openEuler = { id: 'openEuler', versionId: '24.03' };

/** A host whose report of `os` the store did not take. */
async function open(t: TestContext) {
  const room = await openTestFacts(t);
  const { facts, registry, reconcilers } = room;
  const host = await registry.add();
  const away = () => {
    throw new AppError('STORE_AWAY', { place: 'test' });
  };
  const outage = [
    t.mock.method(registry.store, 'transaction', async () => away()),
    t.mock.method(registry.store, 'as', away),
  ];
  const report = (fact: unknown) => facts.report(host, [present('os', fact)], registry.clock.now());
  await assert.rejects(report(debian));
  return {
    ...room,
    host,
    report,
    endOutage: () => outage.forEach((each) => void each.mock.restore()),
    look: () => Promise.resolve(reconcilers.find(({ name }) => name === 'facts.lost')?.run()),
  };
}

test('a host whose report the store did not take is asked to look again, once, when the store is back', async (t) => {
  const { host, registry, look, lookedAgain, endOutage } = await open(t);

  await look();
  registry.clock.advance(5 * MINUTE_MS);
  await assert.rejects(look());
  const during = lookedAgain.length;
  endOutage();
  await look();
  await look();

  assert.equal(during, 0);
  assert.deepEqual(lookedAgain, [{ hostId: host, facts: ['os'] }]);
});

test('nobody is asked for what they have said again meanwhile', async (t) => {
  const { report, registry, look, lookedAgain, endOutage } = await open(t);
  endOutage();

  await report(openEuler);
  registry.clock.advance(5 * MINUTE_MS);
  await look();

  assert.deepEqual(lookedAgain, []);
});

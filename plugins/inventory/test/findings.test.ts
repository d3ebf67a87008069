import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '@pilothouse/kernel';
import { createFindingsRaiser } from '../src/server/reconcilers/raise-findings.ts';
import { fakeFleet } from './fake-fleet.ts';

const full = (usedPercentMin: number) => ({
  fileSystems: [{ mountPoint: '/', usedPercentMin, inodesUsedPercentMin: 0 }],
});

function startRaiser(agentVersionMin = '1.0.0') {
  const fleet = fakeFleet();
  return { fleet, raiser: createFindingsRaiser(fleet.kernel, { agentVersionMin, log: silentLog }) };
}

test('a changed fact raises what is wrong and resolves what is right again', async () => {
  const { fleet, raiser } = startRaiser();
  fleet.bodies.set('full', full(95)).set('empty', full(0));
  fleet.setHost('h1', { 'storage-usage': 'full' });

  fleet.changeFact('h1', 'storage-usage', 'full');
  await raiser.settled();
  assert.equal(fleet.open.get('inventory.file-system-nearly-full h1')?.length, 1);

  fleet.setHost('h1', { 'storage-usage': 'empty' });
  fleet.changeFact('h1', 'storage-usage', 'empty');
  await raiser.settled();
  assert.deepEqual(fleet.open.get('inventory.file-system-nearly-full h1'), []);
});

test('a thousand hosts of one build cost one reading of the body', async () => {
  const { fleet, raiser } = startRaiser();
  fleet.bodies.set('full', full(99));
  for (let n = 0; n < 1000; n++) fleet.setHost(`h${n}`, { 'storage-usage': 'full' });

  await raiser.run();

  assert.deepEqual(fleet.reads, ['full']);
  assert.equal(fleet.open.get('inventory.file-system-nearly-full h999')?.length, 1);
});

test('a body that has not arrived or is not understood leaves findings as they are', async () => {
  const { fleet, raiser } = startRaiser();
  fleet.bodies.set('strange', { something: 'else' });
  fleet.setHost('h1', { services: 'strange', kernel: 'missing' });

  await raiser.run();

  assert.deepEqual([...new Set(fleet.writes)], ['inventory.agent-outdated h1']);
});

test('an outdated agent is found when it connects, and no longer when it was upgraded', async () => {
  const { fleet, raiser } = startRaiser('2.0.0');

  fleet.setHost('h1', {}, '1.9.0');
  await raiser.settled();
  assert.deepEqual(fleet.open.get('inventory.agent-outdated h1'), [
    { key: '', evidence: { version: '1.9.0', versionMin: '2.0.0' } },
  ]);

  fleet.setHost('h1', {}, '2.0.0');
  await raiser.settled();
  assert.deepEqual(fleet.open.get('inventory.agent-outdated h1'), []);
});

test('one host that cannot be written does not keep the others from being judged', async () => {
  const { fleet, raiser } = startRaiser();
  fleet.bodies.set('full', full(99));
  for (const id of ['h1', 'h2', 'h3']) fleet.setHost(id, { 'storage-usage': 'full' });
  const reconcile = fleet.kernel.findings.reconcile.bind(fleet.kernel.findings);
  fleet.kernel.findings.reconcile = (kind, hostId, now) =>
    hostId === 'h2' ? Promise.reject(new Error('disk full')) : reconcile(kind, hostId, now);

  await raiser.run();

  assert.ok(fleet.open.has('inventory.file-system-nearly-full h3'));
});

test('closing stops listening', async () => {
  const { fleet, raiser } = startRaiser();

  await raiser.close();
  fleet.setHost('h1', {});

  assert.equal(fleet.listenersCount(), 0);
  assert.deepEqual(fleet.writes, []);
});

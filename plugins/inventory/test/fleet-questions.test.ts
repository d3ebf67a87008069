import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAppError } from '@pilothouse/contract';
import { InventorySummary, SEARCH_GROUPS_MAX } from '../src/contract.ts';
import { countHosts } from '../src/server/count-hosts.ts';
import { searchPackages } from '../src/server/search-packages.ts';
import { fakeFleet } from './fake-fleet.ts';

const installed = (name: string, version: string, source: string | null = null) => ({
  name,
  version,
  arch: 'x86_64',
  source,
  origin: null,
});
const list = (...packages: ReturnType<typeof installed>[]) => ({ system: 'rpm', packages });

function fleetOfThree() {
  const fleet = fakeFleet();
  fleet.bodies.set('old', list(installed('openssl', '1:3.0.7-1'), installed('libssl', '3.0.7-1', 'openssl')));
  fleet.bodies.set('new', list(installed('openssl', '1:3.0.12-1'), installed('bash', '5.2-1')));
  fleet.setHost('h3', { packages: 'old' });
  fleet.setHost('h1', { packages: 'old' });
  fleet.setHost('h2', { packages: 'new' });
  fleet.setHost('h4', {});
  return fleet;
}

test('groups hosts by the version they have, and says who has none and who is unknown', async () => {
  const { kernel } = fleetOfThree();
  const hosts = [...kernel.hosts.index.values()];

  const found = await searchPackages(hosts, kernel.facts, { name: 'openssl', isBySource: false });

  assert.deepEqual(
    found.groups.map((g) => [g.version, g.hostsCount, ...g.hosts.map((h) => h.id)]),
    [
      ['1:3.0.12-1', 1, 'h2'],
      ['1:3.0.7-1', 2, 'h1', 'h3'],
    ],
  );
  assert.deepEqual([found.withoutCount, found.unknownCount], [0, 1]);
});

test('finds by a pattern and by source, and counts hosts without it', async () => {
  const { kernel } = fleetOfThree();
  const hosts = [...kernel.hosts.index.values()];
  const namesOf = async (name: string, isBySource: boolean) => {
    const { groups, withoutCount } = await searchPackages(hosts, kernel.facts, { name, isBySource });
    return [withoutCount, ...new Set(groups.map((g) => g.name))];
  };

  assert.deepEqual(await namesOf('*ssl', false), [0, 'libssl', 'openssl']);
  assert.deepEqual(await namesOf('open*', true), [0, 'libssl', 'openssl']);
  assert.deepEqual(await namesOf('bash', false), [2, 'bash']);
});

test('refuses a search that would list everything', async () => {
  const fleet = fakeFleet();
  const many = Array.from({ length: SEARCH_GROUPS_MAX + 1 }, (_, n) => installed(`p${n}`, '1'));
  fleet.bodies.set('big', list(...many));
  fleet.setHost('h1', { packages: 'big' });

  const search = searchPackages([...fleet.kernel.hosts.index.values()], fleet.kernel.facts, {
    name: '*',
    isBySource: false,
  });

  await assert.rejects(search, (error) => isAppError(error) && error.code === 'INVENTORY_SEARCH_TOO_BROAD');
});

test('the summary reads each distinct body once and counts what was not reported', async () => {
  const fleet = fakeFleet();
  const os = { versionId: '', name: '', codename: null, idLike: [], timezone: null, locale: null };
  const rest = { family: 'rhel', initSystem: 'systemd' };
  fleet.bodies.set('oe', { ...os, ...rest, id: 'openEuler', prettyName: 'openEuler 24.03' });
  for (let n = 0; n < 5; n++) fleet.setHost(`h${n}`, n < 4 ? { os: 'oe' } : {});

  const summary = await countHosts([...fleet.kernel.hosts.index.values()], fleet.kernel.facts);

  assert.deepEqual(InventorySummary.parse(summary).os, [
    { value: 'openEuler 24.03', hostsCount: 4 },
    { value: '', hostsCount: 1 },
  ]);
  assert.deepEqual(fleet.reads, ['oe']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Canary, type RedundancySet, WAVES_MAX, type Waves } from '@pilothouse/contract';
import fc from 'fast-check';
import { planWaves, type WaveHost, type WavePlan } from './plan-waves.ts';
import { redundancySets } from './redundancy-sets.ts';

interface TestHost extends WaveHost {
  readonly id: string;
}

const host = (n: number, said: Partial<TestHost> = {}): TestHost => ({
  id: `h_${String(n).padStart(18, '0')}`,
  labels: {},
  isOnline: true,
  build: 'a',
  ...said,
});

function plan(
  waves: Waves,
  hosts: readonly TestHost[],
  apart: readonly RedundancySet[] = [],
): WavePlan | null {
  const members = new Map([['databases', new Set(hosts.filter((_, n) => n % 7 === 0).map(({ id }) => id))]]);
  return planWaves({ waves, hosts, sets: redundancySets(apart, hosts, members) });
}

function planned(...input: Parameters<typeof plan>): WavePlan {
  const made = plan(...input);
  assert.ok(made);
  return made;
}

const fleet = fc.array(
  fc.record({
    rack: fc.constantFrom('r1', 'r2', 'r3', 'r10', null),
    cluster: fc.constantFrom('a', 'b', null, null, null),
    build: fc.constantFrom('x', 'y', 'z'),
    isOnline: fc.boolean(),
  }),
  { minLength: 1, maxLength: 120 },
);
const size = fc.oneof(
  fc.record({ hosts: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ percent: fc.double({ min: 0.5, max: 100, noNaN: true }) }),
);
const canary: fc.Arbitrary<Canary | null> = fc.oneof(
  fc.constant(null),
  fc.record({ hosts: fc.integer({ min: 1, max: 10 }) }),
  fc.constant<Canary>({ perBuild: ['os'] }),
);
const anyWaves: fc.Arbitrary<Waves> = fc.oneof(
  fc.constant({ kind: 'all' as const }),
  fc.record({ kind: fc.constant('fixed' as const), hostsPerWave: fc.integer({ min: 1, max: 50 }) }),
  fc.record({
    kind: fc.constant('staged' as const),
    canary,
    then: fc.array(size, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({
    kind: fc.constant('per-label' as const),
    canary,
    label: fc.constant('rack'),
    order: fc.subarray(['r3', 'r1', 'r99']),
  }),
);
const anyApart: fc.Arbitrary<RedundancySet[]> = fc.subarray([
  { kind: 'label', label: 'cluster' },
  { kind: 'label', label: 'rack' },
  { kind: 'group', path: 'databases' },
  { kind: 'hosts', name: 'pair', hostIds: [host(1).id, host(2).id, host(3).id] },
]);

test('every host has exactly one wave, no wave holds two of a set, sizes hold, and the same input gives the same waves', () => {
  fc.assert(
    fc.property(anyWaves, fleet, anyApart, (waves, rows, apart) => {
      const hosts = rows.map(({ rack, cluster, ...rest }, n) =>
        host(n, {
          ...rest,
          labels: {
            ...(rack === null ? {} : { rack }),
            ...(cluster === null ? {} : { cluster }),
          },
        }),
      );
      const made = planned(waves, hosts, apart);

      assert.equal(made.waveOf.length, hosts.length);
      const counted = made.waves.map((_, wave) => made.waveOf.filter((each) => each === wave).length);
      assert.deepEqual(
        counted,
        made.waves.map((wave) => wave.hostsCount),
      );
      assert.ok(counted.every((count) => count > 0));
      const { setsOf } = redundancySets(
        apart,
        hosts,
        new Map([['databases', new Set(hosts.filter((_, n) => n % 7 === 0).map(({ id }) => id))]]),
      );
      const taken = new Set<string>();
      for (const [index, sets] of setsOf.entries())
        for (const set of sets) {
          const place = `${made.waveOf[index]}/${set}`;
          assert.ok(!taken.has(place), `two of set ${set} in wave ${made.waveOf[index]}`);
          taken.add(place);
        }
      requireSizes(waves, made, hosts.length);
      assert.equal(new Set(made.waves.map((wave) => wave.name)).size, made.waves.length);
      assert.deepEqual(plan(waves, hosts, apart), made);
    }),
  );
});

function requireSizes(waves: Waves, made: WavePlan, total: number): void {
  if (waves.kind === 'fixed') {
    for (const wave of made.waves) assert.ok(wave.hostsCount <= waves.hostsPerWave);
    return;
  }
  if (waves.kind !== 'staged') return;
  const rest = made.waves.filter((wave) => !wave.name.startsWith('canary'));
  for (const [index, wave] of rest.entries()) {
    const asked = waves.then[Math.min(index, waves.then.length - 1)];
    assert.ok(asked);
    const max = 'hosts' in asked ? asked.hosts : Math.max(1, Math.ceil((total * asked.percent) / 100));
    assert.ok(wave.hostsCount <= max);
  }
  if (waves.canary !== null && 'hosts' in waves.canary)
    assert.ok((made.waves[0]?.hostsCount ?? 0) <= waves.canary.hosts);
}

test('without sets waves are exactly as large as asked, and their names say so', () => {
  const hosts = Array.from({ length: 40 }, (_, n) => host(n));

  const made = planned(
    { kind: 'staged', canary: { hosts: 1 }, then: [{ percent: 10 }, { percent: 25 }, { hosts: 15 }] },
    hosts,
  );

  assert.deepEqual(made.waves, [
    { name: 'canary', hostsCount: 1 },
    { name: 'wave 2 (10 %)', hostsCount: 4 },
    { name: 'wave 3 (25 %)', hostsCount: 10 },
    { name: 'wave 4', hostsCount: 15 },
    { name: 'wave 5', hostsCount: 10 },
  ]);
});

test('a canary of each build takes one host of every build, from those that are online', () => {
  const hosts = [
    host(0, { build: 'a', isOnline: false }),
    host(1, { build: 'a' }),
    host(2, { build: 'b', isOnline: false }),
    host(3, { build: 'c' }),
    host(4, { build: 'c' }),
  ];

  const made = planned({ kind: 'staged', canary: { perBuild: ['os'] }, then: [{ percent: 100 }] }, hosts);

  assert.deepEqual(made.waveOf, [1, 0, 0, 0, 1]);
});

test('a build whose only host stands in for a canary gets a canary wave of its own', () => {
  const hosts = [host(0, { build: 'a' }), host(1, { build: 'b' }), host(2, { build: 'a' })];
  const pair: RedundancySet = { kind: 'hosts', name: 'pair', hostIds: [host(0).id, host(1).id, host(2).id] };

  const made = planned({ kind: 'staged', canary: { perBuild: ['os'] }, then: [{ percent: 100 }] }, hosts, [
    pair,
  ]);

  assert.deepEqual(
    made.waves.map(({ name }) => name),
    ['canary', 'canary 2', 'wave 3 (100 %)'],
  );
});

test('waves by label follow the given order, then the values, and end with the hosts that have none', () => {
  const racks = ['r2', 'r1', 'r9', null, 'r2', 'r1'];
  const hosts = racks.map((rack, n) => host(n, { labels: rack === null ? {} : { rack } }));

  const made = planned({ kind: 'per-label', canary: null, label: 'rack', order: ['r9'] }, hosts);

  assert.deepEqual(made.waves, [
    { name: 'rack=r9', hostsCount: 1 },
    { name: 'rack=r1', hostsCount: 2 },
    { name: 'rack=r2', hostsCount: 2 },
    { name: 'without rack', hostsCount: 1 },
  ]);
});

test('a label that has the name of something every object has is absent until somebody sets it', () => {
  const hosts = [host(0), host(1), host(2, { labels: { constructor: 'x' } })];
  const apart: RedundancySet[] = [{ kind: 'label', label: 'valueOf' }];

  const made = planned({ kind: 'per-label', canary: null, label: 'constructor', order: [] }, hosts, apart);

  assert.deepEqual(made.waves, [
    { name: 'constructor=x', hostsCount: 1 },
    { name: 'without constructor', hostsCount: 2 },
  ]);
});

test('a set larger than the waves makes more waves of its label, one member each', () => {
  const hosts = Array.from({ length: 4 }, (_, n) => host(n, { labels: { rack: 'r1', cluster: 'a' } }));

  const made = planned({ kind: 'per-label', canary: null, label: 'rack', order: [] }, hosts, [
    { kind: 'label', label: 'cluster' },
  ]);

  assert.deepEqual(
    made.waves.map(({ name }) => name),
    ['rack=r1', 'rack=r1 (2)', 'rack=r1 (3)', 'rack=r1 (4)'],
  );
});

test('what would take more waves than a plan may have is refused', () => {
  const hosts = Array.from({ length: WAVES_MAX + 1 }, (_, n) => host(n));

  assert.equal(plan({ kind: 'staged', canary: null, then: [{ hosts: 1 }] }, hosts), null);
  assert.equal(
    plan({ kind: 'all' }, hosts, [{ kind: 'hosts', name: 'all', hostIds: hosts.map(({ id }) => id) }]),
    null,
  );
});

test('members of a set are spread over the waves, so that an early wave is not all of one kind', () => {
  const hosts = Array.from({ length: 300 }, (_, n) =>
    host(n, { labels: n < 90 ? { cluster: `c${Math.floor(n / 3)}` } : {} }),
  );

  const made = planned({ kind: 'staged', canary: null, then: [{ percent: 10 }] }, hosts, [
    { kind: 'label', label: 'cluster' },
  ]);

  const inCluster = made.waves.map((_, wave) => made.waveOf.slice(0, 90).filter((w) => w === wave).length);
  assert.equal(made.waves.length, 10);
  assert.deepEqual([Math.min(...inCluster), Math.max(...inCluster)], [9, 9]);
});

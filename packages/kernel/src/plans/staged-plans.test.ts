import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AppError,
  canonicalJson,
  type Gate,
  type MadePlan,
  PlanHeader,
  type PlanPreview,
  type Probe,
  planDigest,
  type Step,
  type Strategy,
} from '@pilothouse/contract';
import { openTestRollouts, principalOver, type TestRollouts } from '../rollouts/open-test-rollouts.ts';

interface World extends TestRollouts {
  readonly make: (strategy: Partial<Strategy>, changes?: Record<string, unknown>) => Promise<MadePlan>;
}

const bodyOf = (strategy: Partial<Strategy>, changes: Record<string, unknown> = {}) => ({
  title: 'test',
  target: { selector: 'true' },
  actions: [{ action: 'test.run', parameters: { text: 'uptime' } }],
  strategy,
  ...changes,
});

async function openWorld(hosts: number, rules: Parameters<typeof openTestRollouts>[1] = {}): Promise<World> {
  const world = await openTestRollouts(hosts, rules);
  for (let n = 0; n < hosts; n++)
    world.changeHost(world.hostId(n), {
      labels: { rack: `r${Math.floor(n / 2)}`, cluster: n < 3 ? 'etcd' : `c${n}` },
      facts: new Map([['os', { digest: n === 1 ? 'b' : 'a', seenAt: 0 }]]),
    });
  return {
    ...world,
    make: (strategy, changes) => world.call('plans.create', { body: bodyOf(strategy, changes) }),
  };
}

async function codeOf(made: Promise<unknown>): Promise<string> {
  const error = await made.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof AppError, 'it was not refused');
  return error.code;
}

const check = (said: Partial<Gate> = {}): Gate =>
  ({ kind: 'check', name: 'calm', after: 'each', expression: 'true', soakMs: 0, ...said }) as Gate; // Tests say what fits.
const compare = (said: Partial<Gate> = {}): Gate =>
  check({
    kind: 'compare',
    name: 'control',
    measures: [{ kind: 'vital', vital: 'load1' }],
    falseHaltRate: 0.05,
    ...said,
  } as Partial<Gate>);
const probe: Probe = {
  kind: 'command',
  name: 'says-yes',
  tries: 1,
  pauseMs: 0,
  timeoutMs: 1000,
  argv: ['true'],
  exitCode: 0,
};

test('resolved waves stand in the header and in every step, and read back from the store as they were', async () => {
  const world = await openWorld(8);
  const waves = { kind: 'staged' as const, canary: { perBuild: ['os'] }, then: [{ percent: 25 }] };

  const { plan } = await world.make({ waves, apart: [{ kind: 'label', label: 'cluster' }] });
  const after = await world.crash();
  const { items } = await after.call<{ items: Step[] }>('plans.steps', { params: { digest: plan.digest } });

  assert.deepEqual(
    plan.header.waves?.map((wave) => [wave.name, wave.hostsCount]),
    [
      ['canary', 2],
      ['wave 2 (25 %)', 2],
      ['wave 3 (25 %)', 2],
      ['wave 4 (25 %)', 2],
    ],
  );
  const etcd = items.slice(0, 3).map((step) => step.wave);
  assert.equal(new Set(etcd).size, 3);
  await after.close();
});

test('a plan that asks for nothing new has the header and the steps of the first release', async () => {
  const world = await openWorld(4);

  const { plan } = await world.make({ waves: { kind: 'fixed', hostsPerWave: 2 } });
  const { items } = await world.call<{ items: Step[] }>('plans.steps', { params: { digest: plan.digest } });

  assert.deepEqual(Object.keys(plan.header).sort(), [
    'actionSchemas',
    'createdAt',
    'createdBy',
    'expiresAt',
    'nonce',
    'notBefore',
    'retryOf',
    'stepsCount',
    'stepsRoot',
    'strategy',
    'target',
    'title',
    'version',
  ]);
  assert.deepEqual(Object.keys(items[0] ?? {}).sort(), ['actions', 'hostId', 'hostName', 'index']);
  await world.close();
});

test('a header that the first release stored still has the digest that it was stored under', () => {
  const stored = `{"actionSchemas":{"commands.run":"${'1'.repeat(64)}"},"createdAt":"2026-11-20T08:00:00.000Z","createdBy":"ada/cli","expiresAt":"2026-11-20T09:00:00.000Z","nonce":"n_0k3v9d2qa7m8f4q7xz","notBefore":"2026-11-20T08:00:00.000Z","retryOf":null,"stepsCount":2,"stepsRoot":"${'2'.repeat(64)}","strategy":{"factsAgeMaxMs":null,"failuresMax":0,"inFlightMax":500,"offline":"wait","taskTimeoutMs":600000,"waves":{"hostsPerWave":1,"kind":"fixed"}},"target":{"selector":"true"},"title":"uptime","version":1}`;

  const header = PlanHeader.parse(JSON.parse(stored));

  assert.equal(canonicalJson(header), stored);
  // What the code of the first release says of this header.
  assert.equal(planDigest(header), 'a80d000b26e4d8fe25daae6b38a4c06bbae40ebd58c120f25e66a9bcd743df00');
});

test('a strategy that contradicts itself or the fleet is refused before anything starts', async () => {
  const world = await openWorld(8, {
    rules: {
      notifications: { enqueue: async () => {}, hasChannel: (name) => name === 'ops' },
    },
  });
  const two = { waves: { kind: 'fixed' as const, hostsPerWave: 4 } };
  const cases: [Partial<Strategy>, string, Record<string, unknown>?][] = [
    [{ failuresMax: null, failuresPercentMax: 5 }, 'PLAN_SHARE_WITHOUT_COUNT'],
    [{ waveFailuresMax: 2 }, 'PLAN_WAVE_LIMIT_ABOVE_TOTAL'],
    [{ ...two, gates: [check({ after: 3 })] }, 'PLAN_GATE_WAVE_MISSING'],
    [{ ...two, gates: [check(), check()] }, 'PLAN_NAME_TWICE'],
    [
      {
        ...two,
        gates: [{ kind: 'probes', name: 'p', after: 'each', soakMs: 0, everyMs: 1000, failingMax: 0 }],
      },
      'PLAN_GATE_WITHOUT_PROBES',
    ],
    [{ gates: [compare()] }, 'PLAN_GATE_WITHOUT_CONTROL'],
    [{ ...two, gates: [compare({ after: 2 })] }, 'PLAN_GATE_WITHOUT_CONTROL'],
    [{ waves: { kind: 'fixed', hostsPerWave: 1 }, gates: [compare()] }, 'PLAN_GATE_TOO_FEW_HOSTS'],
    [
      { gates: [{ kind: 'notify', name: 'n', after: 'each', channel: 'opps', text: '' }] },
      'PLAN_CHANNEL_UNKNOWN',
    ],
    [
      { waves: { kind: 'staged', canary: { perBuild: ['oss'] }, then: [{ percent: 50 }] } },
      'PLAN_BUILD_FACT_UNKNOWN',
    ],
    [{ onFailure: 'rollback' }, 'PLAN_ROLLBACK_IMPOSSIBLE'],
    [{}, 'PLAN_WHEN_NEVER', { actions: [{ action: 'test.run', parameters: { text: 'x' }, when: 'failed' }] }],
  ];

  for (const [strategy, code, changes] of cases)
    assert.equal(await codeOf(world.make(strategy, changes)), code, JSON.stringify(strategy));
  await world.close();
});

test('a window that never opens and a budget that never has room are said when the plan is made', async () => {
  const world = await openWorld(3, {
    rules: {
      calendar: {
        closedFor: () => null,
        openUntil: () => null,
        checkWindows: () => {},
        neverOpen: (hosts) => hosts.filter((host) => host.name === 'web-1'),
        onChanged: () => () => {},
      },
    },
  });

  const changing = await world.make({}).then(
    () => null,
    (error: unknown) => error,
  );

  assert.ok(changing instanceof AppError);
  assert.equal(changing.code, 'PLAN_WINDOW_NEVER_OPENS');
  assert.equal(changing.details['hosts'], 'web-1');
  const looking = [{ action: 'test.run', parameters: { text: 'x', effect: 'read' } }];
  assert.equal((await world.make({}, { actions: looking })).hostsCount, 3);
  assert.equal((await world.make({}, { isDryRunOnly: true })).hostsCount, 3);
  await world.close();
});

test('a probe that runs a program takes the permission to, on every target', async () => {
  const world = await openWorld(2);
  const ann = principalOver(() => true);
  const limited = {
    ...ann,
    scope: (permission: string) =>
      permission === 'rollouts.probe-command'
        ? { isAll: false, isNone: true, includes: () => false }
        : ann.scope(permission),
  };
  const body = bodyOf({ probes: [probe] });

  assert.equal(
    await codeOf(world.call('plans.create', { body, principal: limited })),
    'PLAN_PERMISSION_LACKING',
  );
  const { plan } = await world.call<MadePlan>('plans.create', { body, principal: ann });
  assert.equal(
    await codeOf(world.call('rollouts.start', { body: { planDigest: plan.digest }, principal: limited })),
    'PLAN_PERMISSION_LACKING',
  );
  await world.close();
});

test('a share of failures alone is written down as the count that it means', async () => {
  const world = await openWorld(50);

  const { plan } = await world.make({ failuresPercentMax: 5 });

  assert.equal(plan.header.strategy.failuresMax, 2);
  await world.close();
});

test('a sketch shows waves, gates and what cannot be undone, and nobody can start it', async () => {
  const world = await openWorld(6);
  const waves = { kind: 'per-label' as const, canary: { hosts: 1 }, label: 'rack', order: ['r2'] };
  const gates = [
    check({ after: 1 }),
    check({ kind: 'confirm', name: 'go on', text: 'well?' } as Partial<Gate>),
  ];

  const { made, preview } = await world.call<{ made: MadePlan; preview: PlanPreview }>('plans.sketch', {
    body: bodyOf({ waves, gates }),
  });

  assert.deepEqual(
    preview.waves.map((wave) => [wave.name, wave.hosts.map((host) => host.hostName), wave.gates]),
    [
      ['canary', ['web-0'], ['calm', 'go on']],
      ['rack=r2', ['web-4', 'web-5'], ['go on']],
      ['rack=r0', ['web-1'], ['go on']],
      ['rack=r1', ['web-2', 'web-3'], []],
    ],
  );
  assert.equal(preview.undo.kind, 'none');
  assert.equal(preview.undo.lacking[0]?.reason.en, 'a test');
  assert.equal(
    await codeOf(world.call('rollouts.start', { body: { planDigest: made.plan.digest } })),
    'NOT_FOUND',
  );
  await world.close();
});

test('a preview says when hosts that are closed now are open at last', async () => {
  const HOUR = 3_600_000;
  let now = 0;
  const world = await openWorld(3, {
    rules: {
      calendar: {
        // web-1: a freeze until two o'clock, then outside its window until three; web-2: for good.
        closedFor(host, _windows, at) {
          if (host.name === 'web-2') return { kind: 'freeze', name: 'for good', until: null };
          if (host.name !== 'web-1' || at >= now + 3 * HOUR) return null;
          return at < now + 2 * HOUR
            ? { kind: 'freeze', name: 'release', until: now + 2 * HOUR }
            : { kind: 'window', name: 'nights', until: now + 3 * HOUR };
        },
        openUntil: () => null,
        checkWindows: () => {},
        neverOpen: () => [],
        onChanged: () => () => {},
      },
    },
  });
  now = world.clock.now();

  const { preview } = await world.call<{ preview: PlanPreview }>('plans.sketch', { body: bodyOf({}) });

  assert.deepEqual(
    preview.closed.map(({ name, opensAt, hosts }) => [name, opensAt, hosts[0]?.hostName]),
    [
      ['release', new Date(now + 3 * HOUR).toISOString(), 'web-1'],
      ['for good', null, 'web-2'],
    ],
  );
  await world.close();
});

test('no canary is a host that would be passed over at its turn', async () => {
  const world = await openWorld(4);
  world.changeHost(world.hostId(0), { isInMaintenance: true });
  world.changeHost(world.hostId(1), { state: 'quarantined' });
  world.changeHost(world.hostId(2), { isOnline: false });

  const { plan } = await world.make({
    waves: { kind: 'staged', canary: { hosts: 1 }, then: [{ percent: 100 }] },
  });

  const { items } = await world.call<{ items: Step[] }>('plans.steps', { params: { digest: plan.digest } });
  assert.deepEqual(
    items.map(({ wave }) => wave),
    [1, 1, 1, 0],
  );
  await world.close();
});

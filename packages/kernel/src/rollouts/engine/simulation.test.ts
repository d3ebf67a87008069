import { test } from 'node:test';
import fc from 'fast-check';
import { nextWakeAt } from './advance.ts';
import { checkTruth } from './simulated-invariants.ts';
import { agentAt, feed, hear, newWorld, restartServer, takeWord, type World } from './simulated-world.ts';
import { isRolloutEnd } from './state.ts';
import { equalWaves, testConfig } from './test-config.ts';

const HOUR = 3_600_000;
const START = 1_700_000_000_000;

const limits = fc.record({
  inFlightMax: fc.integer({ min: 1, max: 6 }),
  failuresMax: fc.option(fc.integer({ min: 0, max: 4 })),
  offline: fc.constantFrom('wait' as const, 'skip' as const, 'fail' as const),
  taskTimeoutMs: fc.constant(600_000),
  notBefore: fc.constantFrom(START, START + HOUR / 2),
  expiresAt: fc.constantFrom(START + HOUR, START + 24 * HOUR),
  hostsPerWave: fc.constantFrom(1, 3, 100),
});
const fates = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.constant('succeed' as const) },
    { weight: 2, arbitrary: fc.constant('fail' as const) },
    { weight: 1, arbitrary: fc.constant('refuse' as const) },
    { weight: 1, arbitrary: fc.constant('vanish' as const) },
  ),
  { minLength: 1, maxLength: 10 },
);
/** Both are open at the start, the short one for less than two minutes of the script. */
const windows = fc.constantFrom(
  null,
  { openMs: 100_000, everyMs: 400_000 },
  { openMs: HOUR, everyMs: 2 * HOUR },
);
type Move = (world: World, index: number) => void;
const stopCause = { code: 'TASK_STOPPED', details: {} };

const stopAll = (world: World, endRunning: boolean): void => {
  world.isStopped = true;
  for (const { index } of world.state.tasks)
    feed(world, { kind: 'stop', index, endRunning, cause: stopCause });
};
const wakeAll = (world: World): void => {
  for (const { index } of world.state.tasks) feed(world, { kind: 'host-ready', index });
};

const moves: Record<string, { weight: number; move: Move }> = {
  read: { weight: 20, move: (world, index) => agentAt(world, index).read() },
  work: { weight: 20, move: (world, index) => agentAt(world, index).work() },
  hear: { weight: 30, move: hear },
  hearTwice: {
    weight: 3,
    move: (world, index) => {
      const word = agentAt(world, index).outbox[0];
      if (word !== undefined && word.kind !== 'hello') takeWord(world, index, word);
    },
  },
  connect: { weight: 8, move: (world, index) => agentAt(world, index).connect() },
  disconnect: { weight: 4, move: (world, index) => agentAt(world, index).disconnect() },
  crashAgent: { weight: 2, move: (world, index) => agentAt(world, index).crash() },
  restartServer: { weight: 1, move: restartServer },
  pause: { weight: 1, move: (world) => feed(world, { kind: 'pause', by: 'ann', reason: '' }) },
  resume: { weight: 2, move: (world) => feed(world, { kind: 'resume', by: 'ann' }) },
  cancel: {
    weight: 0.3,
    move: (world, index) => feed(world, { kind: 'cancel', by: 'ann', endRunning: index % 2 === 0 }),
  },
  stop: { weight: 0.7, move: (world, index) => stopAll(world, index % 2 === 0) },
  clear: {
    weight: 1.5,
    move: (world) => {
      world.isStopped = false;
      wakeAll(world);
    },
  },
  lock: { weight: 1, move: (world, index) => void world.locked.add(index) },
  unlock: {
    weight: 2,
    move: (world, index) => {
      world.locked.delete(index);
      feed(world, { kind: 'host-ready', index });
    },
  },
  quarantine: {
    weight: 0.5,
    move: (world, index) => {
      world.unfit.add(index);
      feed(world, { kind: 'host-gone', index, isFinal: false, cause: { code: 'UNFIT', details: {} } });
    },
  },
  decommission: {
    weight: 0.2,
    move: (world, index) => {
      world.unfit.add(index);
      feed(world, { kind: 'host-gone', index, isFinal: true, cause: { code: 'GONE', details: {} } });
    },
  },
  minute: {
    weight: 3,
    move: (world) => {
      world.now += 61_000;
      feed(world, { kind: 'tick' });
    },
  },
  hours: {
    weight: 0.5,
    move: (world) => {
      world.now += 2 * HOUR;
      feed(world, { kind: 'tick' });
    },
  },
};

const anyMove = fc
  .oneof(
    ...Object.entries(moves).map(([name, { weight }]) => ({
      weight: weight * 10,
      arbitrary: fc.tuple(fc.constant(name), fc.nat({ max: 9 })),
    })),
  )
  .map(([name, index]) => ({ name, index }));

/** Everything that stands in the way goes away, all words arrive, and time passes until nothing waits for it. */
function calmDown(world: World): void {
  world.isStopped = false;
  world.locked.clear();
  for (let round = 0; round < 200 && !isRolloutEnd(world.state.state); round++) {
    feed(world, { kind: 'resume', by: 'ann' });
    letTalk(world);
    const wakeAt = nextWakeAt(world.state);
    if (isRolloutEnd(world.state.state)) break;
    if (wakeAt === null) throw new Error('waits, and for no time');
    if (wakeAt <= world.now) throw new Error('wants to be woken in the past');
    if (round % 10 === 9) world.now = wakeAt;
    feed(world, { kind: 'tick' });
  }
  letTalk(world);
}

function letTalk(world: World): void {
  for (const agent of world.agents) {
    agent.connect();
    if (agent.fate === 'vanish') agent.disconnect();
  }
  wakeAll(world);
  for (let turn = 0; turn < 8; turn++)
    for (const { index } of world.state.tasks) {
      const agent = agentAt(world, index);
      while (agent.outbox.length > 0) hear(world, index);
      while (agent.inbox.length > 0) agent.read();
      agent.work();
    }
}

test('whatever hosts, people and crashes do, limits hold, nothing runs twice, and every rollout ends truthfully', () => {
  fc.assert(
    fc.property(
      limits,
      fates,
      windows,
      fc.array(anyMove, { maxLength: 300, size: 'max' }),
      ({ hostsPerWave, ...config }, fleet, window, script) => {
        const waves = equalWaves(fleet.length, hostsPerWave);
        const world = newWorld(testConfig(START, fleet.length, { ...config, waves }), fleet, {
          now: START,
          window,
        });

        for (const { name, index } of script) moves[name]?.move(world, index % fleet.length);
        calmDown(world);

        checkTruth(world);
      },
    ),
    { numRuns: 1500 },
  );
});

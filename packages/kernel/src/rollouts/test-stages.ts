import assert from 'node:assert/strict';
import type { Gate, GateVerdict, Rollout, Strategy } from '@pilothouse/contract';
import type { GateView } from '../gates/service.ts';
import type { TestRollouts, TestRules } from './open-test-rollouts.ts';

export const SECOND = 1000;
export const holds: GateVerdict = { kind: 'holds', reason: null, evidence: {} };
export const check: Gate = {
  kind: 'check',
  name: 'calm',
  after: 'each',
  expression: 'true',
  soakMs: 60 * SECOND,
};
export const twoWaves: Partial<Strategy> = { waves: { kind: 'fixed', hostsPerWave: 2 } };

/** A judge who says what the test wants, and remembers what it was asked. */
export function judge() {
  const asked: GateView[] = [];
  const said = { verdict: holds };
  const gates: NonNullable<TestRules['gates']> = {
    check: async () => undefined,
    judge: async (_gate, view) => {
      asked.push(view);
      return said.verdict;
    },
  };
  return { asked, said, gates };
}

/** Time passes in steps as small as those in which servers and hosts answer each other. */
export async function pass(world: TestRollouts, seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 5) {
    world.clock.advance(5 * SECOND);
    await world.calm();
  }
}

export const executions = (world: TestRollouts): number[] =>
  [...world.fleet.hosts.values()].map((host) => host.executions);
export const hostAt = (world: TestRollouts, n: number) => {
  const host = world.fleet.hosts.get(world.hostId(n));
  assert.ok(host);
  return host;
};
export async function started(
  world: TestRollouts,
  strategy: Partial<Strategy>,
  action = 'test.run',
): Promise<Rollout> {
  const rollout = await world.run({ strategy, actions: [{ action, parameters: { text: 'x' } }] });
  await world.calm();
  return rollout;
}

/** One host each wave is asked by its own probe. */
export const probed: Partial<Strategy> = {
  ...twoWaves,
  probes: [{ kind: 'unit', name: 'web', unit: 'web.service', tries: 1, pauseMs: 0, timeoutMs: 1000 }],
  gates: [{ kind: 'probes', name: 'well', after: 'each', soakMs: 20_000, everyMs: 10_000, failingMax: 0 }],
};

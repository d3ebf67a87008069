import assert from 'node:assert/strict';
import type { TaskState } from '@pilothouse/contract';
import type { Effect } from './inputs.ts';
import { failuresOf } from './limits.ts';
import type { World } from './simulated-world.ts';
import { isGoingOn, isRolloutEnd, isTaskEnd } from './state.ts';

/** What the test remembers beside the engine, to hold its word against. */
export interface Observed {
  /** Attempts that were offered, by task. */
  readonly offers: Map<number, number[]>;
  readonly startedAttempts: Set<string>;
  readonly ends: Map<number, TaskState>;
}

export function checkInvariants(world: World, effects: readonly Effect[]): void {
  checkLimits(world);
  checkTotals(world);
  checkEnds(world);
  for (const effect of effects) if (effect.kind === 'offer') checkOffer(world, effect);
}

function checkLimits({ state }: World): void {
  const { failuresMax, inFlightMax } = state.config;
  if (failuresMax !== null) assert.ok(failuresOf(state) <= failuresMax + 1, 'more than k + 1 failures');
  if (failuresMax !== null && failuresOf(state) > failuresMax)
    assert.ok(!isGoingOn(state), 'halts at failure k + 1');
  assert.ok(state.counts.offered + state.counts.running <= inFlightMax, 'too many in flight');
}

function checkTotals({ state }: World): void {
  const seen = new Map<string, number>();
  let claimed = 0;
  for (const task of state.tasks) {
    seen.set(task.phase, (seen.get(task.phase) ?? 0) + 1);
    if (task.hold === 'claimed') claimed += 1;
    assert.ok(task.hold === null || task.phase === 'pending', 'only pending tasks are held');
  }
  for (const [phase, count] of Object.entries(state.counts)) assert.equal(seen.get(phase) ?? 0, count, phase);
  assert.equal(state.held.claimed, claimed);
  const open = state.tasks.filter((task) => task.wave === state.wave && !isTaskEnd(task.phase));
  assert.equal(open.length, state.waveOpen, 'open tasks of the wave');
}

function checkEnds({ state, observed }: World): void {
  for (const task of state.tasks) {
    const before = observed.ends.get(task.index);
    if (before !== undefined && before !== 'unknown') assert.equal(task.phase, before, 'an end is final');
    if (isTaskEnd(task.phase)) observed.ends.set(task.index, task.phase);
  }
  if (isRolloutEnd(state.state)) {
    assert.ok(state.tasks.every((task) => isTaskEnd(task.phase)));
    assert.notEqual(state.endedAt, null);
  } else assert.notEqual(state.waiting, null, 'names what it waits for');
}

function checkOffer(world: World, offer: Extract<Effect, { kind: 'offer' }>): void {
  const { state, observed } = world;
  const { index, attempt } = offer;
  const task = state.tasks[index];
  assert.ok(task);
  // The effect belongs to the state in which the input arrived; a halt in the same step withdraws it at once.
  assert.equal(state.state, 'running', 'offers only while running');
  assert.ok(!world.isStopped && !world.locked.has(index) && !world.unfit.has(index));
  assert.ok(world.now < state.config.expiresAt, 'offers only before the expiry');
  assert.ok(world.now >= state.config.notBefore, 'offers only after the start');
  for (const other of state.tasks)
    if (other.wave < task.wave) assert.ok(isTaskEnd(other.phase), 'waves never overlap');
  const before = observed.offers.get(index) ?? [];
  if (before.includes(attempt))
    assert.ok(!observed.startedAttempts.has(`${index}/${attempt}`), 'offered again after it was started');
  observed.offers.set(index, [...before, attempt]);
}

/** After everything has calmed down the server's word and the hosts' agree. */
export function checkTruth({ state, agents }: World): void {
  assert.ok(isRolloutEnd(state.state), `ended, not ${state.state} ${JSON.stringify(state.waiting)}`);
  for (const task of state.tasks) {
    const agent = agents[task.index];
    assert.ok(agent);
    assert.ok(agent.executions <= 1, 'no task runs twice');
    if (task.phase === 'succeeded') assert.ok(agent.executions === 1 && agent.fate === 'succeed');
    if (task.phase === 'skipped' || task.phase === 'expired') assert.equal(agent.executions, 0);
    if (agent.fate === 'vanish') continue;
    const lastWord = agent.ledger.at(-1)?.outcome?.kind;
    if (lastWord === 'succeeded') assert.equal(task.phase, 'succeeded', 'no result is lost');
    if (lastWord === 'failed') assert.equal(task.phase, 'failed', 'no result is lost');
  }
}

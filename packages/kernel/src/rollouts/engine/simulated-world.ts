import assert from 'node:assert/strict';
import { advance } from './advance.ts';
import { newState, restoreState } from './build-state.ts';
import type { Effect, Input } from './inputs.ts';
import { type AgentWord, newAgent, type SimulatedAgent } from './simulated-agent.ts';
import { checkInvariants, type Observed } from './simulated-invariants.ts';
import type { EngineConfig, EngineState } from './state.ts';

/**
 * A rollout over scripted hosts with a virtual clock, for property tests: messages are delivered, lost and doubled,
 * sessions break, agents and the server crash, people pause, cancel and stop, all in an order that the test chooses.
 */
export interface World {
  state: EngineState;
  now: number;
  readonly agents: SimulatedAgent[];
  readonly observed: Observed;
  isStopped: boolean;
  readonly locked: Set<number>;
  readonly unfit: Set<number>;
  /** Hosts may be changed in the first `openMs` of every `everyMs`; null: always. */
  readonly window: { readonly openMs: number; readonly everyMs: number } | null;
}

/** Null: closed. */
export function closesAt({ window, now }: Pick<World, 'window' | 'now'>): number | null {
  if (window === null) return Number.POSITIVE_INFINITY;
  const end = now - (now % window.everyMs) + window.openMs;
  return now < end ? end : null;
}

export function newWorld(
  config: EngineConfig,
  fates: readonly SimulatedAgent['fate'][],
  { now, window }: Pick<World, 'now' | 'window'>,
): World {
  const hostIds = fates.map((_, index) => `h_${String(index).padStart(18, '0')}`);
  const world: World = {
    state: newState(config, hostIds),
    now,
    agents: [],
    observed: { offers: new Map(), startedAttempts: new Set(), ends: new Map() },
    isStopped: false,
    locked: new Set(),
    unfit: new Set(),
    window,
  };
  const clock = {
    now: () => world.now,
    began: () => assert.notEqual(closesAt(world), null, 'outside windows nothing starts'),
  };
  world.agents.push(...fates.map((fate) => newAgent(fate, clock)));
  feed(world, { kind: 'tick' });
  return world;
}

/** Applies an input, answers its claims at once, as the driver does, and hands its frames to the sessions. */
export function feed(world: World, first: Input): void {
  const inputs: Input[] = [first];
  for (let input = inputs.shift(); input !== undefined; input = inputs.shift()) {
    const { effects } = advance(world.state, input, world.now);
    if (input.kind === 'started') world.observed.startedAttempts.add(`${input.index}/${input.attempt}`);
    for (const effect of effects) carryOut(world, effect, inputs);
    checkInvariants(world, effects);
  }
}

function carryOut(world: World, effect: Effect, inputs: Input[]): void {
  if (effect.kind === 'claim') {
    inputs.push({ kind: 'claim-answered', index: effect.index, answer: judge(world, effect.index) });
    return;
  }
  if (effect.kind !== 'offer' && effect.kind !== 'withdraw' && effect.kind !== 'cancel') return;
  const agent = agentAt(world, effect.index);
  const startBy = world.state.tasks[effect.index]?.deadlineAt ?? 0;
  if (agent.isHeard) agent.inbox.push(effect.kind === 'offer' ? { ...effect, startBy } : effect);
  else if (effect.kind === 'offer')
    inputs.push({ kind: 'offer-unsent', index: effect.index, attempt: effect.attempt });
}

function judge(world: World, index: number) {
  const agent = agentAt(world, index);
  if (world.unfit.has(index)) return { kind: 'unfit', cause: { code: 'UNFIT', details: {} } } as const;
  if (world.isStopped) return { kind: 'stopped' } as const;
  if (!agent.isHeard) return { kind: 'offline', isCertain: true } as const;
  if (world.locked.has(index)) return { kind: 'locked' } as const;
  const until = closesAt(world);
  if (until === null) return { kind: 'closed', until: opensAt(world), details: {} } as const;
  return { kind: 'granted', ...(Number.isFinite(until) ? { startBy: until - 1 } : {}) } as const;
}

const opensAt = ({ window, now }: World): number =>
  window === null ? now : now - (now % window.everyMs) + window.everyMs;

export function agentAt(world: World, index: number): SimulatedAgent {
  const agent = world.agents[index];
  assert.ok(agent);
  return agent;
}

/** The oldest word from a host reaches the server; an outcome is acknowledged once it is in the state. */
export function hear(world: World, index: number): void {
  const agent = agentAt(world, index);
  const word = agent.outbox.shift();
  if (word !== undefined) takeWord(world, index, word);
}

export function takeWord(world: World, index: number, word: AgentWord): void {
  const agent = agentAt(world, index);
  switch (word.kind) {
    case 'hello': {
      const task = world.state.tasks[index];
      assert.ok(task);
      const entry = word.entries.find((known) => known.attempt === task.attempt);
      const state = entry === undefined ? 'absent' : entry.state;
      agent.isHeard = true;
      feed(world, { kind: 'journal', index, attempt: task.attempt, entry: state });
      feed(world, { kind: 'host-ready', index });
      return;
    }
    case 'outcome':
      feed(world, { kind: 'outcome', index, attempt: word.attempt, outcome: word.outcome });
      if (agent.isOnline) agent.inbox.push({ kind: 'saved', attempt: word.attempt });
      return;
    case 'accepted':
    case 'started':
      feed(world, { kind: word.kind, index, attempt: word.attempt });
  }
}

/** Only what is durable survives; every session ends. */
export function restartServer(world: World): void {
  for (const agent of world.agents) agent.disconnect();
  const { config, tasks, state, cause, waiting, startedAt, endedAt, wave, gate, missing, rolledBackBy } =
    world.state;
  const durable = {
    config,
    tasks,
    state,
    cause,
    waiting,
    startedAt,
    endedAt,
    wave,
    gate,
    missing,
    rolledBackBy,
  };
  const reread = JSON.parse(JSON.stringify(durable)) as typeof durable; // Our own JSON of a moment ago.
  for (const task of reread.tasks) task.hold = null;
  world.state = restoreState(reread);
  feed(world, { kind: 'tick' });
}

import assert from 'node:assert/strict';
import type { PlanWindow, RolloutState } from '@pilothouse/contract';
import { type ActiveRollout, parseTaskId } from '../driver/active-rollout.ts';
import { allowedOf, isRolloutEnd } from '../engine/index.ts';
import { type EndedTask, readEndedTasks } from '../result-store.ts';
import { readRollout } from '../rollout-store.ts';
import { type AskedRule, isClosed } from './calendar-truth.ts';
import { gateKey } from './gate-truth.ts';
import type { World } from './simulated-world.ts';
import type { LedgerEntry, VirtualHost } from './virtual-host.ts';

/** What really happened on hosts, remembered beside the server, to hold its word against. */
export interface Observed {
  /** How often each task was begun. */
  readonly starts: Map<string, number>;
  /** Executions that failed, by rollout and wave. */
  readonly failures: Map<string, number>;
  /** The rules that stood when offers of a task left, and when that was: a host may have taken any of them. */
  readonly offeredUnder: Map<
    string,
    { readonly rules: readonly AskedRule[]; readonly windows: readonly PlanWindow[]; readonly atMs: number }[]
  >;
  /** All that were ever seen, also those whose start was not saved. */
  readonly rollouts: Set<string>;
  /** How rollouts ended, as it was read from the disk. */
  readonly ends: Map<string, RolloutState>;
  readonly soaks: Map<
    string,
    { readonly soakedMs: number; readonly kind: string; readonly looks: number; readonly of: ActiveRollout }
  >;
  /** What was found broken in the middle of a move. */
  readonly broken: unknown[];
}

const activeOf = (world: World, taskId: string): ActiveRollout | undefined =>
  world.server.room.active.get(parseTaskId(taskId)?.rolloutId ?? '');

/** An offer leaves the server: outside windows nothing starts, waves never overlap, gates are never skipped. */
export function noteOffered(world: World, host: VirtualHost, taskId: string): void {
  const active = activeOf(world, taskId);
  assert.ok(active !== undefined, 'only rollouts that go on offer anything');
  const task = active.state.tasks[parseTaskId(taskId)?.index ?? -1];
  assert.ok(task?.hostId === host.id, 'the task of this host');
  // What changes nothing needs no approval, and may run at any time.
  if (active.fixed.kind === 'run') noteMayChange(world, host, { taskId, active });
  assert.ok(world.index.has(host.id), 'nothing is offered to a host that is gone');
  const { state } = active;
  assert.ok(state.state === 'running' || state.state === 'paused', `offered while ${state.state}`);
  assert.equal(task.wave, state.wave, 'only the current wave is offered');
  assert.equal(state.gate, null, 'nothing is offered while gates are passed');
  for (const other of state.tasks)
    if (other.wave < task.wave) assert.ok(other.endedAt !== null, 'waves never overlap');
  checkCanaries(state, task.wave);
  for (let wave = 0; wave < task.wave; wave++)
    for (const gate of state.config.waves[wave]?.gates ?? [])
      if (gate.kind === 'check')
        assert.ok(
          world.truth.gates.passed.has(gateKey(active.id, wave, gate.name)),
          `gate ${gate.name} was skipped`,
        );
  if (active.interruptionAt(task.index) !== 'none')
    assert.ok(world.server.leases.has(taskId), 'disruptive work holds a lease');
}

function checkCanaries({ tasks, config }: ActiveRollout['state'], wave: number): void {
  for (const { isCanary, indexes } of config.waves.slice(0, wave))
    if (isCanary)
      assert.ok(
        indexes.some((index) => {
          const { phase, startedAt } = tasks[index] ?? {};
          return phase === 'succeeded' || (phase === 'failed' && startedAt !== null);
        }),
        'canaries that tried nothing open no wave',
      );
}

function noteMayChange(
  world: World,
  host: VirtualHost,
  { taskId, active }: { readonly taskId: string; readonly active: ActiveRollout },
): void {
  const windows = active.fixed.strategy.windows ?? [];
  const moment = { hostId: host.id, now: world.clock.now() };
  assert.ok(!isClosed(world.rules, windows, moment), 'outside windows nothing starts');
  const rules = world.rules.filter(({ isCertain, isPossible }) => isCertain || isPossible);
  const under = { rules: rules.map((rule) => ({ ...rule })), windows, atMs: moment.now };
  world.observed.offeredUnder.set(taskId, [...(world.observed.offeredUnder.get(taskId) ?? []), under]);
  assert.ok(!world.authority.needed.has(active.planDigest), 'nothing starts without its approvals');
}

export function noteStarted(world: World, host: VirtualHost, entry: LedgerEntry): void {
  const { starts } = world.observed;
  const times = (starts.get(entry.taskId) ?? 0) + 1;
  starts.set(entry.taskId, times);
  assert.equal(times, 1, `${entry.taskId} runs twice`);
  const offers = world.observed.offeredUnder.get(entry.taskId) ?? [];
  // What was decided after its offer had left comes too late for it, also when the same was offered again since. A clock that
  // is set back behind the offer makes no open window a closed one: time does not go back for hosts.
  const isOutside = (under: (typeof offers)[number]): boolean =>
    isClosed(under.rules, under.windows, {
      hostId: host.id,
      now: Math.max(world.clock.now(), under.atMs),
    });
  const isLate = offers.length > 0 && offers.every(isOutside);
  assert.ok(!isLate, `${entry.taskId} begins outside its window`);
  // What it interrupts is what its own copy of the plan says.
  if (entry.isDisruptive && world.index.has(host.id)) world.truth.budgets.begun(entry.taskId, host.id);
}

export function noteEnded(world: World, entry: LedgerEntry): void {
  const { failures } = world.observed;
  world.truth.budgets.over(entry.taskId);
  const place = parseTaskId(entry.taskId);
  const hasFailed = entry.outcome?.kind === 'failed' || entry.outcome?.kind === 'timed-out';
  if (place === null || !entry.hasStarted || !hasFailed) return;
  failures.set(place.rolloutId, (failures.get(place.rolloutId) ?? 0) + 1);
}

/** What must hold of the server after every single input. */
export function checkServer(world: World): void {
  const [broken] = world.observed.broken;
  if (broken !== undefined) throw broken;
  checkLeases(world);
  for (const active of world.server.room.active.values()) {
    checkCounts(active);
    checkLimits(world, active);
    checkSoak(world, active);
    world.observed.rollouts.add(active.id);
    if (!isRolloutEnd(active.state.state)) assert.ok(active.state.waiting !== null, 'says what it waits for');
  }
}

export function checkCounts({ state }: ActiveRollout): void {
  const counts = new Map<string, number>();
  const held = new Map<string, number>();
  let waveOpen = 0;
  for (const task of state.tasks) {
    counts.set(task.phase, (counts.get(task.phase) ?? 0) + 1);
    if (task.hold !== null) held.set(task.hold, (held.get(task.hold) ?? 0) + 1);
    if (task.hold !== null) assert.equal(task.phase, 'pending', 'only pending tasks are held');
    if (task.wave === state.wave && task.endedAt === null) waveOpen += 1;
  }
  for (const [phase, count] of Object.entries(state.counts))
    assert.equal(counts.get(phase) ?? 0, count, phase);
  for (const [hold, count] of Object.entries(state.held)) assert.equal(held.get(hold) ?? 0, count, hold);
  assert.equal(state.held.claimed, 0, 'every claim is answered');
  assert.equal(state.waveOpen, waveOpen, 'open tasks of the wave');
}

function checkLimits(world: World, { state, id, fixed, plan }: ActiveRollout): void {
  const { counts, config } = state;
  const inFlight = counts.offered + counts.running;
  assert.ok(inFlight <= config.inFlightMax, 'too many in flight');
  const { failuresMax } = config;
  const failures = counts.failed + counts.unknown;
  if (failuresMax !== null) {
    assert.ok(failures <= failuresMax + 1, `${failures} failures, ${failuresMax} allowed`);
    assert.ok((world.observed.failures.get(id) ?? 0) <= failuresMax + 1, 'more hosts have failed than may');
    if (state.state === 'running') {
      assert.ok(failures <= failuresMax, 'halts at failure k + 1');
      assert.ok(failures + inFlight <= failuresMax + 1, 'what is unresolved could pass the limit');
    }
  }
  for (const [wave, { indexes, failuresMax: allowed }] of config.waves.entries()) {
    if (allowed === null) continue;
    const failed = indexes.filter((index) => {
      const phase = state.tasks[index]?.phase;
      return phase === 'failed' || phase === 'unknown';
    }).length;
    assert.ok(failed <= allowed + 1, `${failed} failures in wave ${wave + 1}, ${allowed} allowed`);
    if (wave !== state.wave || state.state !== 'running') continue;
    assert.ok(failed <= allowed, 'halts at failure k + 1 of a wave');
    assert.ok(failed + inFlight <= allowed + 1, 'what is unresolved could pass the limit of the wave');
  }
  assert.ok(allowedOf(state).allowed >= 0);
  const { inFlightPerLabel } = fixed.strategy;
  if (inFlightPerLabel !== undefined) checkCrowd(world, state, inFlightPerLabel.max);
  assert.equal(plan.hosts.length, state.tasks.length);
}

/** A lease is held for work that is under way, or until its host is back; for nothing else, and for all of that. */
function checkLeases(world: World): void {
  for (const [taskId, hostId] of world.truth.budgets.interrupted)
    if (world.index.has(hostId))
      assert.ok(world.server.leases.has(taskId), `${taskId} interrupts its host without a lease`);
  for (const [taskId, { endedAt }] of world.server.leases) {
    if (endedAt !== null) continue;
    const phase = activeOf(world, taskId)?.state.tasks[parseTaskId(taskId)?.index ?? -1]?.phase;
    assert.ok(phase === 'offered' || phase === 'running', `${taskId} holds a lease and is ${phase}`);
  }
}

/** A soak goes on between two looks that both found the gate holding, and never otherwise. */
function checkSoak({ observed }: World, active: ActiveRollout): void {
  const { id, state } = active;
  const { gate, wave } = state;
  if (gate === null) return;
  const key = `${id} ${wave} ${gate.at}`;
  const before = observed.soaks.get(key);
  const kind = gate.judgement?.kind ?? 'none';
  const looks = gate.asked - Number(gate.askedAt !== null);
  // What was read back from the disk may not know of the last look, which nobody saved.
  if (before?.of === active && gate.soakedMs > before.soakedMs)
    // With one look since, that look and the one before it found it holding; several may come with a disk that was slow.
    assert.ok(
      kind === 'holds' && (before.kind !== 'undetermined' || looks > before.looks + 1),
      'soaked while it did not hold',
    );
  observed.soaks.set(key, { soakedMs: gate.soakedMs, kind, looks, of: active });
}

function checkCrowd(world: World, state: ActiveRollout['state'], max: number): void {
  const byRack = new Map<string, number>();
  for (const task of state.tasks) {
    if (task.phase !== 'offered' && task.phase !== 'running') continue;
    const rack = world.index.get(task.hostId)?.labels['rack'];
    if (rack !== undefined) byRack.set(rack, (byRack.get(rack) ?? 0) + 1);
  }
  for (const [rack, count] of byRack) assert.ok(count <= max, `${count} in flight in ${rack}`);
}

/**
 * What hosts were told to be saved is in the store, whatever has happened since, and an end is final. Rollouts that were seen
 * to have ended are looked at again only when all are.
 */
export async function checkSaved(world: World, which: 'open' | 'all'): Promise<void> {
  const { rollouts, ends } = world.observed;
  const entries = [...world.hosts.values()].flatMap(({ ledger }) => ledger);
  for (const { taskId } of entries) rollouts.add(rolloutOf(taskId));
  const looked = new Set([...rollouts].filter((id) => which === 'all' || !ends.has(id)));
  const rows = new Map<string, EndedTask>();
  for (const rolloutId of looked) {
    const page = { rolloutId, fromIndex: 0, state: null, hostId: null, limit: 100_000 };
    for (const row of await readEndedTasks(world.disk.store, page))
      rows.set(`${rolloutId}.${row.index}`, row);
    const record = await readRollout(world.disk.store, rolloutId);
    const before = ends.get(rolloutId);
    if (before !== undefined) assert.equal(record?.state, before, 'an end is final');
    if (record !== null && isRolloutEnd(record.state)) ends.set(rolloutId, record.state);
  }
  for (const entry of entries) if (looked.has(rolloutOf(entry.taskId))) checkEntry(entry, rows);
}

const rolloutOf = (taskId: string): string => parseTaskId(taskId)?.rolloutId ?? '';

function checkEntry({ taskId, isSaved, outcome }: LedgerEntry, rows: ReadonlyMap<string, EndedTask>): void {
  if (!isSaved || outcome === null) return;
  const { kind } = outcome;
  if (kind === 'succeeded' || kind === 'failed')
    assert.equal(rows.get(taskId)?.state, kind, `the result of ${taskId} is lost`);
  if (kind === 'timed-out')
    assert.equal(rows.get(taskId)?.state, 'failed', `the result of ${taskId} is lost`);
}

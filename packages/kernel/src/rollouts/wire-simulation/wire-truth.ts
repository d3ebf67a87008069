import assert from 'node:assert/strict';
import type { RolloutState } from '@pilothouse/contract';
import type { RaisedFinding } from '../../findings/service.ts';
import { type ActiveRollout, parseTaskId } from '../driver/active-rollout.ts';
import { isRolloutEnd } from '../engine/index.ts';
import { type EndedTask, readEndedTasks } from '../result-store.ts';
import { readRollout } from '../rollout-store.ts';
import { checkCounts } from '../simulation/invariants.ts';
import type { LedgerEntry } from '../simulation/virtual-host.ts';
import type { WireWorld } from './wire-world.ts';

/** What hosts and people know, remembered beside the server, to hold its word against. */
export interface Known {
  /** How often each task was begun. */
  readonly starts: Map<string, number>;
  /** Executions that failed, by rollout. */
  readonly failures: Map<string, number>;
  /** Rollouts whose start was answered. */
  readonly answered: Set<string>;
  readonly ends: Map<string, RolloutState>;
  readonly findings: RaisedFinding[];
  /** What was found broken in the middle of a move. */
  readonly broken: unknown[];
  /** The newest audit record that was read from a disk. */
  auditedTo: number;
  /** The latest that any clock of the server has shown. */
  latestMs: number;
}

export const nothingKnown = (): Known => ({
  starts: new Map(),
  failures: new Map(),
  answered: new Set(),
  ends: new Map(),
  findings: [],
  broken: [],
  auditedTo: 0,
  latestMs: 0,
});

export function noteStarted({ starts, broken }: Known, { taskId }: LedgerEntry): void {
  const times = (starts.get(taskId) ?? 0) + 1;
  starts.set(taskId, times);
  if (times > 1) broken.push(new Error(`${taskId} runs twice`));
}

export function noteEnded({ failures }: Known, { taskId, outcome, hasStarted }: LedgerEntry): void {
  if (!hasStarted || (outcome?.kind !== 'failed' && outcome?.kind !== 'timed-out')) return;
  failures.set(rolloutOf(taskId), (failures.get(rolloutOf(taskId)) ?? 0) + 1);
}

const rolloutOf = (taskId: string): string => parseTaskId(taskId)?.rolloutId ?? '';

/** What must hold after every single move. */
export function checkWire({ known, server, hosts, clock }: WireWorld): void {
  known.latestMs = Math.max(known.latestMs, clock.now());
  const [broken] = known.broken;
  if (broken !== undefined) throw broken;
  // An agent closes its connection before it dials: whatever the network does to the old one, nobody is a clone.
  const [finding] = known.findings;
  assert.equal(
    finding?.kind,
    undefined,
    `an honest host is called ${finding?.kind}: ${JSON.stringify(finding)}`,
  );
  for (const active of server.room.active.values()) checkLimits(known, active);
  for (const host of hosts.values()) {
    const session = server.gateway.service.session(host.id);
    if (session !== null && host.session !== null && session.generation < host.session.generation)
      assert.fail(
        `${host.id} was welcomed to ${host.session.generation}, and ${session.generation} is served`,
      );
  }
}

function checkLimits(known: Known, active: ActiveRollout): void {
  const { counts, config } = active.state;
  checkCounts(active);
  assert.ok(counts.offered + counts.running <= config.inFlightMax, 'too many in flight');
  if (config.failuresMax === null) return;
  assert.ok(
    (known.failures.get(active.id) ?? 0) <= config.failuresMax + 1,
    'more hosts have failed than may',
  );
}

/** What was answered or acknowledged is on the disk, whatever has happened since. */
export async function checkDisk({ known, hosts, disk, server }: WireWorld): Promise<void> {
  const entries = [...hosts.values()].flatMap(({ ledger }) => ledger);
  const rows = new Map<string, EndedTask>();
  for (const rolloutId of new Set([...known.answered, ...entries.map(({ taskId }) => rolloutOf(taskId))])) {
    const record = await readRollout(disk.store, rolloutId);
    assert.ok(record !== null, `${rolloutId} was answered or offered, and is lost`);
    const before = known.ends.get(rolloutId);
    if (before !== undefined) assert.equal(record.state, before, 'an end is final');
    if (isRolloutEnd(record.state)) known.ends.set(rolloutId, record.state);
    for (const row of await readEndedTasks(disk.store, { rolloutId, ...ALL }))
      rows.set(`${rolloutId}.${row.index}`, row);
  }
  for (const entry of entries) checkEntry(entry, rows);
  let sequence = 0;
  for await (const record of server.audit.export({ after: 0 })) {
    sequence += 1;
    assert.equal(record.sequence, sequence, 'an audit record is missing');
  }
  assert.ok(sequence >= known.auditedTo, 'the end of the audit is lost');
  known.auditedTo = sequence;
}

const ALL = { fromIndex: 0, state: null, hostId: null, limit: 100_000 };

function checkEntry({ taskId, isSaved, outcome }: LedgerEntry, rows: ReadonlyMap<string, EndedTask>): void {
  if (!isSaved || outcome === null) return;
  const { kind } = outcome;
  const state = kind === 'timed-out' ? 'failed' : kind;
  if (state === 'succeeded' || state === 'failed')
    assert.equal(rows.get(taskId)?.state, state, `the result of ${taskId} is lost`);
}

/** Once all is calm: everything ended, every outcome is with the server, and it knows who is there. */
export function checkCalm({ hosts, server, known }: WireWorld): void {
  for (const host of hosts.values()) {
    for (const { taskId, outcome, isSaved } of host.ledger)
      assert.ok(outcome !== null && isSaved, `the host has ${taskId}, and nobody took its outcome`);
    assert.equal(
      server.gateway.service.session(host.id)?.generation,
      host.session?.generation,
      `the session of ${host.id}`,
    );
    assert.equal(server.hosts.index.get(host.id)?.isOnline, true, `${host.id} is there`);
  }
  for (const id of known.answered) assert.ok(known.ends.has(id), `${id} did not end`);
}

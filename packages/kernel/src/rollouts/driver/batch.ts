import { createHash } from 'node:crypto';
import { absurd } from '@pilothouse/base';
import {
  type Actor,
  canonicalJson,
  type Digest,
  type HostId,
  type JsonObject,
  type RolloutState,
  type TaskOutcome,
} from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import type { NewAuditRecord } from '../../audit/service.ts';
import type { NewEvent } from '../../events/service.ts';
import type { OutgoingFrame } from '../../gateway/service.ts';
import {
  advance,
  type ClaimAnswer,
  type Effect,
  type Input,
  isRolloutEnd,
  isTaskEnd,
  type Released,
} from '../engine/index.ts';
import type { EndedTask } from '../result-store.ts';
import type { OpenTask } from '../rollout-store.ts';
import { type ActiveRollout, taskIdOf } from './active-rollout.ts';

/** Hosts of one rollout that get their turn between two commits: about 20 ms, after which the first of them are at work. */
const CLAIMS_PER_BATCH_MAX = 500;

export const SYSTEM: Actor = { kind: 'system', id: 'rollouts', name: 'rollouts' };

/** Who is behind an input, for the audit of what follows from it. */
export interface By {
  readonly actor: Actor;
  readonly requestId: string | null;
}
const bySystem: By = { actor: SYSTEM, requestId: null };

export interface Touched {
  readonly active: ActiveRollout;
  readonly dirty: Set<number>;
  readonly outcomes: Map<number, TaskOutcome>;
  readonly transitions: { to: RolloutState; code: string; by: By; details: JsonObject }[];
  isNew: boolean;
}

export type Send =
  | {
      readonly kind: 'offer';
      readonly active: ActiveRollout;
      readonly index: number;
      readonly attempt: number;
    }
  | { readonly kind: 'frame'; readonly hostId: HostId; readonly frame: OutgoingFrame };

/** All that one commit will hold, and what is sent after it. */
export interface Batch {
  readonly now: number;
  readonly touched: Map<string, Touched>;
  readonly sends: Send[];
  readonly outputs: Map<Digest, string>;
  readonly audits: NewAuditRecord[];
  readonly events: NewEvent[];
  readonly writes: ((transaction: Transaction) => Promise<void>)[];
  /** Run in order after the commit and before the sends. */
  readonly afterCommit: (() => void)[];
  touch(active: ActiveRollout): Touched;
  /** Applies an input and all that follows from it within this process: claims and locks. */
  feed(active: ActiveRollout, input: Input, by?: By): void;
}

export interface BatchDeps {
  readonly judge: (active: ActiveRollout, index: number) => ClaimAnswer;
  /** Gives back what a grant took. Returns the rollouts that waited for this host's lock, first come first. */
  readonly release: (
    active: ActiveRollout,
    claim: { readonly index: number; readonly how: Released },
  ) => readonly string[];
  readonly activeOf: (rolloutId: string) => ActiveRollout | undefined;
  /** Carries out what an effect asks for between two waves, by way of the batch. */
  readonly betweenWaves: (batch: Batch, active: ActiveRollout, effect: BetweenWaves) => void;
  /** Room may have come for tasks with this label value, or that waited for it while their rollout could not use it. */
  readonly giveTurns: (batch: Batch, active: ActiveRollout) => void;
}

export type BetweenWaves = Extract<Effect, { kind: 'judge-gate' | 'notify' | 'gate-passed' | 'roll-back' }>;

export function newBatch(deps: BatchDeps, now: number): Batch {
  const batch: Batch = {
    now,
    touched: new Map(),
    sends: [],
    outputs: new Map(),
    audits: [],
    events: [],
    writes: [],
    afterCommit: [],
    touch(active) {
      const known = batch.touched.get(active.id);
      if (known !== undefined) return known;
      const touched: Touched = {
        active,
        dirty: new Set(),
        outcomes: new Map(),
        transitions: [],
        isNew: false,
      };
      batch.touched.set(active.id, touched);
      active.state.claimsLeft = CLAIMS_PER_BATCH_MAX;
      return touched;
    },
    feed(active, input, by = bySystem) {
      const work: { active: ActiveRollout; input: Input }[] = [{ active, input }];
      for (let at = 0; at < work.length; at++) {
        const item = work[at];
        if (item === undefined) break;
        const touched = batch.touch(item.active);
        for (const effect of advance(item.active.state, item.input, now).effects)
          work.push(...carryOut(deps, batch, { touched, effect, by }));
      }
      deps.giveTurns(batch, active);
    },
  };
  return batch;
}

type Work = { active: ActiveRollout; input: Input };

function carryOut(
  deps: BatchDeps,
  batch: Batch,
  happened: { touched: Touched; effect: Effect; by: By },
): readonly Work[] {
  const { touched, effect, by } = happened;
  const { active } = touched;
  switch (effect.kind) {
    case 'claim': {
      const answer = deps.judge(active, effect.index);
      return [{ active, input: { kind: 'claim-answered', index: effect.index, answer } }];
    }
    case 'release':
      return freeHost(deps, active, effect);
    case 'offer':
      batch.sends.push({ ...effect, active });
      return [];
    case 'withdraw':
    case 'cancel': {
      const hostId = active.state.tasks[effect.index]?.hostId ?? '';
      const frame = { kind: effect.kind, taskId: taskIdOf(active.id, effect.index) } as const;
      batch.sends.push({ kind: 'frame', hostId, frame });
      return [];
    }
    case 'task-changed':
      touched.dirty.add(effect.index);
      return [];
    case 'rollout-changed': {
      const { code, details, by: person } = effect.cause;
      const isPersons = person !== null && effect.to !== 'cancelled';
      touched.transitions.push({ to: effect.to, code, details, by: isPersons ? by : bySystem });
      return endsOf(deps, active, effect);
    }
    case 'judge-gate':
    case 'notify':
    case 'gate-passed':
    case 'roll-back':
      deps.betweenWaves(batch, active, effect);
      return [];
    default:
      return absurd(effect);
  }
}

/** A rollback that has ended moves the rollout that it undoes, in the same commit. */
function endsOf(
  deps: BatchDeps,
  active: ActiveRollout,
  { to }: Extract<Effect, { kind: 'rollout-changed' }>,
): Work[] {
  const undone = active.fixed.rollbackOf === undefined ? undefined : deps.activeOf(active.fixed.rollbackOf);
  if (undone === undefined || !isRolloutEnd(to)) return [];
  // Hosts that were away or have left still hold what was to be undone.
  const isDone = to === 'succeeded' && active.state.counts.succeeded === active.state.tasks.length;
  const ended = { rolloutId: active.id, isDone, why: to };
  return [{ active: undone, input: { kind: 'rollback-ended', ...ended } }];
}

function freeHost(
  deps: BatchDeps,
  active: ActiveRollout,
  claim: Extract<Effect, { kind: 'release' }>,
): Work[] {
  const hostId = active.state.tasks[claim.index]?.hostId ?? '';
  const woken: Work[] = [];
  for (const rolloutId of deps.release(active, claim)) {
    const other = deps.activeOf(rolloutId);
    const otherIndex = other?.indexOfHost.get(hostId);
    if (other !== undefined && otherIndex !== undefined)
      woken.push({ active: other, input: { kind: 'host-ready', index: otherIndex } });
  }
  return woken;
}

/** What of the touched tasks becomes rows, and what becomes one change. */
export function rowsOf(touched: Touched): { ended: EndedTask[]; open: OpenTask[] } {
  const ended: EndedTask[] = [];
  const open: OpenTask[] = [];
  for (const index of touched.dirty) {
    const task = touched.active.state.tasks[index];
    if (task === undefined) continue;
    if (!isTaskEnd(task.phase)) {
      const { phase, attempt, isAccepted, offeredAt, startedAt, deadlineAt, ask } = task;
      open.push([index, phase, attempt, isAccepted, offeredAt, startedAt, deadlineAt, ask]);
      continue;
    }
    const outcome = touched.outcomes.get(index) ?? null;
    const { cause, offeredAt, startedAt } = task;
    ended.push({
      rolloutId: touched.active.id,
      index,
      hostId: task.hostId,
      state: task.phase,
      attempt: task.attempt,
      endedAt: task.endedAt ?? 0,
      groupKey: groupKeyOf(task.phase, cause, outcome),
      body: { cause, offeredAt, startedAt, outcome, wave: task.wave },
    });
  }
  return { ended, open };
}

/** Equal for two hosts exactly when state, exit code, error and output are. */
export function groupKeyOf(
  state: string,
  cause: { code: string; details: JsonObject } | null,
  outcome: TaskOutcome | null,
): string {
  const alike = [
    state,
    outcome?.exitCode ?? null,
    outcome?.signal ?? null,
    outcome?.error ?? cause,
    outcome?.output?.digest ?? null,
  ];
  return createHash('sha256').update(canonicalJson(alike)).digest('hex').slice(0, 32);
}

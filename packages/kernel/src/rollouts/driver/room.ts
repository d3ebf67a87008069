import type { BudgetLedger } from '../../budgets/service.ts';
import type { Released } from '../engine/index.ts';
import { type ActiveRollout, taskIdOf } from './active-rollout.ts';
import type { Batch } from './batch.ts';
import { canUseTurn, type HeldLine } from './held-line.ts';
import type { HostLocks } from './host-locks.ts';

/** What claims take and give back: locks, leases of budgets, places among hosts with one label value. */
export interface Room {
  readonly budgets: BudgetLedger;
  readonly locks: HostLocks;
  readonly overBudget: HeldLine;
  readonly crowded: HeldLine;
  /** Lines of `crowded` in which a place has come free and nobody was asked yet. */
  readonly freedPlaces: Set<string>;
}

/** Gives back what a grant took. Returns the rollouts that waited for the host's lock. */
export function releaseClaim(
  room: Room,
  active: ActiveRollout,
  { index, how }: { readonly index: number; readonly how: Released },
): readonly string[] {
  const hostId = active.state.tasks[index]?.hostId ?? '';
  const value = active.crowd?.leave(index) ?? null;
  if (value !== null) room.freedPlaces.add(crowdKeyOf(active, value));
  if (active.interruptionAt(index) !== 'none') {
    const holder = { rolloutId: active.id, taskId: taskIdOf(active.id, index), hostId };
    if (how === 'never-started') room.budgets.drop(holder);
    else room.budgets.giveBack({ ...holder, isHostsWord: how === 'told' });
  }
  return room.locks.release(hostId, active.id);
}

export const crowdKeyOf = (active: ActiveRollout, value: string): string => `${active.id} ${value}`;

/** After an input: places that came free, and turns that a rollout could not use until now. */
export function giveTurns(room: Room, batch: Batch, active: ActiveRollout): void {
  const ask = asker(batch);
  for (const key of room.freedPlaces) {
    room.freedPlaces.delete(key);
    room.crowded.wake(ask, key);
  }
  if (!active.isOwedTurn || !canUseTurn(active.state)) return;
  active.isOwedTurn = false;
  room.crowded.wake(ask);
  room.overBudget.wake(ask);
}

/** A budget may have room again. */
export const wakeOverBudget = (room: Room, batch: Batch): void => room.overBudget.wake(asker(batch));

const asker =
  (batch: Batch) =>
  (active: ActiveRollout, index: number): void =>
    batch.feed(active, { kind: 'host-ready', index });

/** Everything that was held in memory is read back from open tasks and from the ledger's own table. */
export function clearRoom(room: Room): void {
  room.locks.clear();
  room.overBudget.clear();
  room.crowded.clear();
  room.freedPlaces.clear();
}

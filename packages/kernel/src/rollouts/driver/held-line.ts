/**
 * Tasks that wait for room of a kind: of a budget, or among hosts with one label value.
 *
 * Problem: ten thousand tasks may wait for a budget that lets fifty go at a time. Asking all of them whenever one ends
 * would cost a hundred million questions.
 *
 * Rule: tasks that were refused for the same reasons stand in one line. When room may have come, the first of each line
 * is asked; the next one only after a grant. So a wake costs the number of lines and of grants, and order is kept. A
 * rollout that cannot use its turn (paused, at its own limits) is passed over and owed one: it is asked as soon as it can.
 */
import { allowedOf, type EngineState } from '../engine/index.ts';
import type { ActiveRollout } from './active-rollout.ts';

export interface HeldLine {
  /** Stands in the line `key` from now on; keeps its place if it stands there already. */
  add(key: string, active: ActiveRollout, index: number): void;
  /** Asks the first of every line, or of the line `key` alone. `ask` gives the task its turn in this very call. */
  wake(ask: (active: ActiveRollout, index: number) => void, key?: string): void;
  clear(): void;
}

interface Held {
  readonly active: ActiveRollout;
  readonly index: number;
}

export function createHeldLine(hold: 'over-budget' | 'crowded'): HeldLine {
  const lines = new Map<string, Map<string, Held>>();
  const keyOf = new Map<string, string>();
  const isHeld = ({ active, index }: Held): boolean => active.state.tasks[index]?.hold === hold;
  const leave = (id: string, key: string): void => {
    const line = lines.get(key);
    line?.delete(id);
    if (line?.size === 0) lines.delete(key);
    if (keyOf.get(id) === key) keyOf.delete(id);
  };
  const wakeLine = (key: string, ask: (active: ActiveRollout, index: number) => void): void => {
    for (const [id, held] of lines.get(key) ?? []) {
      if (!isHeld(held)) {
        leave(id, key);
        continue;
      }
      if (!canUseTurn(held.active.state)) {
        held.active.isOwedTurn = true;
        continue;
      }
      ask(held.active, held.index);
      if (isHeld(held) && keyOf.get(id) === key) return;
      leave(id, key);
    }
  };
  return {
    add(key, active, index) {
      const id = `${active.id}.${index}`;
      const before = keyOf.get(id);
      if (before !== undefined && before !== key) leave(id, before);
      const line = lines.get(key) ?? new Map<string, Held>();
      lines.set(key, line.set(id, { active, index }));
      keyOf.set(id, key);
    },
    wake(ask, key) {
      for (const each of key === undefined ? [...lines.keys()] : [key]) wakeLine(each, ask);
    },
    clear() {
      lines.clear();
      keyOf.clear();
    },
  };
}

export function canUseTurn(state: EngineState): boolean {
  if (state.state !== 'running' || state.gate !== null) return false;
  const unresolved = state.counts.offered + state.counts.running + state.held.claimed;
  return allowedOf(state).allowed > unresolved;
}

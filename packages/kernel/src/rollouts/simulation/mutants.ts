/** A deliberate mistake in the engine or the driver: `find` stands in the file exactly once. */
export interface Mutant {
  readonly name: string;
  /** From the folder of rollouts. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** Mistakes that somebody could make; the simulation has to find each. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a limit of k allows k + 2 at once',
    file: 'engine/limits.ts',
    find: 'allowed = Math.max(0, max + 1 - failures);',
    replace: 'allowed = Math.max(0, max + 2 - failures);',
  },
  {
    name: 'unknown is not counted as a failure',
    file: 'engine/limits.ts',
    find: 'state.counts.failed + state.counts.unknown;',
    replace: 'state.counts.failed;',
  },
  {
    name: 'the limit of a wave is forgotten',
    file: 'engine/limits.ts',
    find: "tighten(waveMax, state.waveFailures, 'wave-failures');",
    replace: '',
  },
  {
    name: 'a gate is passed without its soak',
    file: 'engine/gates.ts',
    find: "phase.judgement?.kind === 'holds' && phase.soakedMs >= gate.soakMs",
    replace: "phase.judgement?.kind === 'holds'",
  },
  {
    name: 'a gate that cannot be evaluated opens',
    file: 'engine/gates.ts',
    find: "const isHolding = verdict.kind === 'holds';",
    replace: "const isHolding = verdict.kind !== 'fails';",
  },
  {
    name: 'the next wave opens with tasks of the last one open',
    file: 'engine/waves.ts',
    find: 'if (state.waveOpen > 0) return false;',
    replace: 'if (state.waveOpen > 1) return false;',
  },
  {
    name: 'a rollout starts without the approvals that it lacks',
    file: 'engine/build-state.ts',
    find: "state: missing === null ? 'scheduled' : 'awaiting-approval',",
    replace: "state: 'scheduled',",
  },
  {
    name: 'a task that had started is offered again when its agent no longer knows it',
    file: 'engine/outcomes.ts',
    find: "if (task.phase === 'offered') return neverStarted(step, task, false);",
    replace: 'return neverStarted(step, task, true);',
  },
  {
    name: 'a window that opens wakes nobody',
    file: 'engine/claims.ts',
    find: "if (task?.hold === 'closed') wake(step, task);",
    replace: '',
  },
  {
    name: 'a place among hosts of one label is never given back',
    file: 'driver/room.ts',
    find: 'if (value !== null) room.freedPlaces.add(crowdKeyOf(active, value));',
    replace: '',
  },
  {
    name: 'outcomes are acknowledged before they are saved',
    file: 'driver/job-loop.ts',
    find: '    await deps.commit(batch);',
    replace: '    await deps.send(batch); await deps.commit(batch);',
  },
  {
    name: 'a lease is not given back when an offer never left',
    file: 'driver/room.ts',
    find: "if (how === 'never-started') room.budgets.drop(holder);",
    replace: "if (how === 'never-started') void holder;",
  },
];

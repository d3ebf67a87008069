/** A deliberate mistake in the engine, the driver or the rules that they ask: `find` stands in the file exactly once. */
export interface Mutant {
  readonly name: string;
  /** From the folder of rollouts. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** The world from which on to look, absent: the first. It was found there, and those before it are not gone through again. */
  readonly from?: number;
}

/** Mistakes that somebody could make; the simulation has to find each. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a limit of k allows k + 2 at once',
    file: 'engine/limits.ts',
    find: 'allowed = Math.max(0, max + 1 - failures);',
    replace: 'allowed = Math.max(0, max + 2 - failures);',
    from: 8,
  },
  {
    name: 'unknown is not counted as a failure',
    file: 'engine/limits.ts',
    find: 'state.counts.failed + state.counts.unknown;',
    replace: 'state.counts.failed;',
    from: 8,
  },
  {
    name: 'the limit of a wave is forgotten',
    file: 'engine/limits.ts',
    find: "tighten(waveMax, state.waveFailures, 'wave-failures');",
    replace: '',
    from: 35,
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
    name: 'canaries that tried nothing open the next wave',
    file: 'engine/waves.ts',
    find: 'if (isUntried(state)) {',
    replace: 'if (isUntried(state) && state.config.rolloutId === "") {',
  },
  {
    name: 'a rollout starts without the approvals that it lacks',
    file: 'engine/build-state.ts',
    find: "state: missing === null ? 'scheduled' : 'awaiting-approval',",
    replace: "state: 'scheduled',",
    from: 11,
  },
  {
    name: 'a task that had started is offered again when its agent no longer knows it',
    file: 'engine/outcomes.ts',
    find: "if (task.phase === 'offered') return neverStarted(step, task, false);",
    replace: 'return neverStarted(step, task, true);',
    from: 7,
  },
  {
    name: 'a window that opens wakes nobody',
    file: 'engine/claims.ts',
    find: "if (task?.hold === 'closed' || task?.hold === 'brief') wake(step, task);",
    replace: '',
    from: 15,
  },
  {
    name: 'a place among hosts of one label is never given back',
    file: 'driver/room.ts',
    find: 'if (value !== null) room.freedPlaces.add(crowdKeyOf(active, value));',
    replace: '',
    from: 8,
  },
  {
    name: 'outcomes are acknowledged before they are saved',
    file: 'driver/job-loop.ts',
    find: '    await deps.commit(batch);',
    replace: '    await deps.send(batch); await deps.commit(batch);',
    from: 54,
  },
  {
    name: 'a lease is not given back when an offer never left',
    file: 'driver/room.ts',
    find: "if (how === 'never-started') room.budgets.drop(holder);",
    replace: "if (how === 'never-started') void holder;",
    from: 14,
  },
  {
    name: 'a lease ends with its task, although nobody has heard of the host',
    file: '../budgets/lease-ledger.ts',
    find: 'if (isHostsWord === true) ledger.heard.add(taskId);',
    replace: 'ledger.heard.add(taskId);',
    from: 109,
  },
  {
    name: 'a new session ends the lease of a task that its host is still at work on',
    file: '../budgets/lease-ledger.ts',
    find: 'if (lease.endedAt !== null && !atWork.has(lease.taskId))',
    replace: 'if (lease.endedAt !== null)',
    from: 109,
  },
  {
    name: 'leases are not read back at a start',
    file: '../budgets/lease-ledger.ts',
    find: '    hold(ledger, row);',
    replace: '',
    from: 14,
  },
  {
    name: 'a lease is not written with the offer that it is for',
    file: '../budgets/lease-ledger.ts',
    find: 'await writeLeases(transaction, changed);',
    replace: '',
    from: 14,
  },
  {
    name: 'a budget is asked whether it is exceeded, not whether it would be',
    file: '../budgets/budget-roll.ts',
    find: 'domain.down + (isDown ? 0 : 1) > allowedIn(domain)',
    replace: 'domain.down > allowedIn(domain)',
  },
  {
    name: 'a host in maintenance counts as up',
    file: '../budgets/budget-roll.ts',
    find: "if (host.entry.isInMaintenance) causes.push('maintenance');",
    replace: '',
    from: 8,
  },
  {
    name: 'a host that is away counts as up',
    file: '../budgets/budget-roll.ts',
    find: "if (host.isAbsent) causes.push('offline');",
    replace: '',
    from: 25,
  },
  {
    name: 'a quorum of an even number may be halved',
    file: '../budgets/allowed-down.ts',
    find: 'Math.floor((members - 1) / 2)',
    replace: 'Math.floor(members / 2)',
    from: 59,
  },
  {
    name: 'a window ends ten minutes late',
    file: '../calendar/open-state.ts',
    find: 'const { durationMs } = window;',
    replace: 'const durationMs = window.durationMs + 600_000;',
    from: 20,
  },
  {
    name: 'a window beats a freeze',
    file: '../calendar/host-calendar.ts',
    find: 'if (isFrozen) return',
    replace: 'if (isFrozen && windows.length === 0) return',
  },
  {
    name: 'local times of a window are taken for UTC',
    file: '../calendar/recurrence.ts',
    find: 'DTSTART;TZID=${timeZone}:',
    replace: 'DTSTART;TZID=UTC:',
    from: 63,
  },
  {
    name: 'windows and freezes are not read back at a start',
    file: '../calendar/create-calendar.ts',
    find: '    rules.put(record);',
    replace: '',
  },
  {
    name: 'an offer leaves although its window closed while the disk was slow',
    file: 'driver/send-batch.ts',
    find: 'task.ask === null && !deps.isClosedNow(active, index)',
    replace: 'task.ask === null',
    from: 67,
  },
  {
    name: 'a gate overlooks a changed host that says nothing',
    file: '../gates/fetch-values.ts',
    find: '  if (touched.missing > 0)',
    replace: '  if (touched.missing > 1e6)',
  },
  {
    name: 'what a host said before its change counts for its gate',
    file: '../gates/vital-samples.ts',
    find: 'at === 0 || at < since',
    replace: 'at === 0',
  },
];

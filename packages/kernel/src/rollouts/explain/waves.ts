import { type GateStatus, type TaskState, toTimestamp, type WaveStatus } from '@pilothouse/contract';
import {
  type EngineState,
  type EngineWave,
  isTaskEnd,
  isTaskFailure,
  noTaskCounts,
} from '../engine/index.ts';

/** What each wave has come to so far, or came to. */
export function wavesOf(
  waves: readonly EngineWave[],
  stateOf: (index: number) => TaskState | undefined,
): WaveStatus[] {
  return waves.map(({ name, indexes, failuresMax }) => {
    const counts = noTaskCounts();
    for (const index of indexes) counts[stateOf(index) ?? 'pending'] += 1;
    const sum = (is: (state: TaskState) => boolean): number =>
      STATES.reduce((total, state) => total + (is(state) ? counts[state] : 0), 0);
    return {
      name,
      hostsCount: indexes.length,
      endedCount: sum(isTaskEnd),
      failuresCount: sum(isTaskFailure),
      failuresMax,
      counts,
    };
  });
}

// The keys of the counts are the states.
const STATES = Object.keys(noTaskCounts()) as TaskState[];

interface AtGates {
  readonly wave: number;
  readonly gate: Pick<NonNullable<EngineState['gate']>, 'at' | 'enteredAt' | 'soakedMs' | 'judgement'> | null;
  readonly config: { readonly waves: readonly EngineWave[] };
}

/** The gates after the wave of the moment. */
export function gatesOf({ wave, gate: phase, config }: AtGates): GateStatus[] {
  return (config.waves[wave]?.gates ?? []).map((gate, at) => {
    const isNow = phase !== null && at === phase.at;
    const judgement = isNow ? phase.judgement : null;
    return {
      name: gate.name,
      kind: gate.kind,
      wave: wave + 1,
      state: isNow ? 'now' : phase !== null && at < phase.at ? 'passed' : 'to-come',
      since: isNow ? toTimestamp(phase.enteredAt) : null,
      soakedMs: isNow ? phase.soakedMs : null,
      soakMs: 'soakMs' in gate ? gate.soakMs : null,
      verdict: judgement === null ? null : { ...judgement, at: toTimestamp(judgement.at) },
    };
  });
}

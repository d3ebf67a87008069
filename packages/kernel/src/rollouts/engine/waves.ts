import { passGates } from './gates.ts';
import { type EngineState, type EngineTask, isGoingOn, isTaskEnd, isTaskFailure } from './state.ts';
import { endUnstarted, move, type Step } from './task-moves.ts';

export const wavesCountOf = (state: EngineState): number => state.config.waves.length;

/** Tasks of the wave that have not ended, and those that count as failures. */
export function countWave(tasks: readonly EngineTask[], indexes: readonly number[]) {
  let open = 0;
  let failures = 0;
  for (const index of indexes) {
    const task = tasks[index];
    if (task === undefined) continue;
    if (!isTaskEnd(task.phase)) open += 1;
    if (isTaskFailure(task.phase)) failures += 1;
  }
  return { open, failures };
}

/**
 * When the current wave has fully ended, passes its gates and opens the next, for as long as that goes. True: the last
 * wave and its gates are behind us.
 */
export function openWaves(step: Step): boolean {
  const { state } = step;
  for (;;) {
    if (state.waveOpen > 0) return false;
    if (isUntried(state)) {
      haltUntried(step);
      return false;
    }
    // Gates are for people to rely on: none is judged for work that has not begun, or that they have paused.
    const hasGates = (state.config.waves[state.wave]?.gates.length ?? 0) > 0;
    if (hasGates && isGoingOn(state) && state.state !== 'running') return false;
    if (!passGates(step)) return false;
    if (state.wave + 1 >= wavesCountOf(state)) return true;
    openWave(state, state.wave + 1);
  }
}

/** The canaries have ended, and not one of them has shown whether the others may follow; what is unknown shows nothing. */
function isUntried({ tasks, config, wave }: EngineState): boolean {
  const canaries = config.waves[wave];
  if (canaries === undefined || !canaries.isCanary || wave + 1 >= config.waves.length) return false;
  return !canaries.indexes.some((index) => {
    const { phase, startedAt = null } = tasks[index] ?? {};
    return phase === 'succeeded' || (phase === 'failed' && startedAt !== null);
  });
}

function haltUntried(step: Step): void {
  const { wave, config } = step.state;
  const { name = '', indexes = [] } = config.waves[wave] ?? {};
  const details = { wave: wave + 1, waveName: name, hosts: indexes.length };
  move(step, 'halting', { code: 'ROLLOUT_CANARY_UNTRIED', details, by: null });
  const cause = { code: 'TASK_ROLLOUT_HALTED', details: {} };
  endUnstarted(step, { state: 'cancelled', cause, endRunning: false });
}

function openWave(state: EngineState, wave: number): void {
  state.wave = wave;
  state.gate = null;
  state.cursor = 0;
  const { open, failures } = countWave(state.tasks, state.config.waves[wave]?.indexes ?? []);
  state.waveOpen = open;
  state.waveFailures = failures;
}

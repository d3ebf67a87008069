/** The rollout engine: decides, given all that happened, what is to be done. No IO, no clock of its own. */
export { advance, nextWakeAt, refusalOf } from './advance.ts';
export { type DurableState, endedCount, newState, newTask, restoreState } from './build-state.ts';
export type { ClaimAnswer, Effect, Input, OutcomeWord } from './inputs.ts';
export {
  type Ask,
  type Cause,
  type EngineConfig,
  type EngineState,
  type EngineTask,
  failuresOf,
  isRolloutEnd,
  isTaskEnd,
  OFFER_START_WINDOW_MS,
  TASK_GRACE_MS,
  unresolvedMax,
  unresolvedOf,
  type Waiting,
  wavesCountOf,
} from './state.ts';

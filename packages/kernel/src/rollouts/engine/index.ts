/** The rollout engine: decides, given all that happened, what is to be done. No IO, no clock of its own. */
export { advance, nextWakeAt, refusalOf } from './advance.ts';
export { type DurableState, newState, newTasks, noTaskCounts, restoreState } from './build-state.ts';
export { gateNow, gatesAfter } from './gates.ts';
export type { ClaimAnswer, Effect, Input, OutcomeWord, Released } from './inputs.ts';
export { allowedOf, failuresAllowed } from './limits.ts';
export { isTouched } from './rollback.ts';
export {
  type Ask,
  type Cause,
  type EngineConfig,
  type EngineState,
  type EngineTask,
  type EngineWave,
  type GatePhase,
  type Hold,
  isGoingOn,
  isRolloutEnd,
  isTaskEnd,
  isTaskFailure,
  type Missing,
  OFFER_START_WINDOW_MS,
  type Waiting,
} from './state.ts';

/** The rollout engine: decides, given all that happened, what is to be done. No IO, no clock of its own. */
export { advance, nextWakeAt, refusalOf } from './advance.ts';
export { type DurableState, newState, newTask, restoreState } from './build-state.ts';
export type { ClaimAnswer, Effect, Input, OutcomeWord } from './inputs.ts';
export {
  type Ask,
  type Cause,
  type EngineConfig,
  type EngineState,
  type EngineTask,
  isRolloutEnd,
  isTaskEnd,
  OFFER_START_WINDOW_MS,
  type Waiting,
} from './state.ts';

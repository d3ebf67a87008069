/** What the agent side of a plugin builds on: collectors, actions, the narrow view of a host they get, and what carries them out. */
export {
  type ActionContext,
  type ActionEnd,
  type AgentAction,
  type BootReport,
  defineAgentAction,
  onlyRoot,
  type ProcessEnd,
  type ProcessRequest,
} from './action.ts';
export { type AgentPlugin, type Drain, defineAgentPlugin } from './agent-plugin.ts';
export { type CollectOptions, collectAll, collectFact, type FactReading } from './collect-fact.ts';
export { type Collected, type Collector, defineCollector } from './collector.ts';
export { createHostAccess, type HostAccessOptions } from './create-host-access.ts';
export type { FactWatch, WatchAccess } from './fact-watch.ts';
export type { HostAccess, RunOptions, RunResult } from './host-access.ts';
export { lookUpUser, type SystemUser } from './look-up-user.ts';
export { openLeftPipe } from './output-pipes.ts';
export { endProcessTree, isAlive, type ProcessTree, TASK_VARIABLE, ticksSinceBoot } from './process-tree.ts';
export {
  CANCELLED,
  END_GRACE_MS,
  runTaskProcess,
  type TaskProcessOptions,
  TIMED_OUT,
} from './run-task-process.ts';

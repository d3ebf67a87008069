/** What the agent side of a plugin builds on: collectors, actions, and the narrow view of a host they get. */
export {
  type ActionContext,
  type ActionEnd,
  type AgentAction,
  defineAgentAction,
  type ProcessEnd,
  type ProcessRequest,
} from './action.ts';
export { type AgentPlugin, defineAgentPlugin } from './agent-plugin.ts';
export { type Collected, type Collector, defineCollector } from './collector.ts';
export { createHostAccess } from './create-host-access.ts';
export type { HostAccess, RunOptions, RunResult } from './host-access.ts';
export { runTaskProcess, scopeKind, type TaskProcessOptions } from './task-process.ts';

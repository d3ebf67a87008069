import type { PluginSpec } from '@pilothouse/contract';
import type { AgentAction } from './action.ts';
import type { Collector } from './collector.ts';

/** The agent room of a plugin: all that it can see and do on a host, in one declaration. */
export interface AgentPlugin {
  readonly spec: PluginSpec;
  readonly collectors: readonly Collector[];
  readonly actions: readonly AgentAction[];
}

export const defineAgentPlugin = (plugin: AgentPlugin): AgentPlugin => plugin;

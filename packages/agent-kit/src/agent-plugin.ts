import type { PluginSpec } from '@pilothouse/contract';
import type { ActionContext, ActionEnd, AgentAction } from './action.ts';
import type { Collector } from './collector.ts';

/** The agent room of a plugin: all that it can see and do on a host, in one declaration. */
export interface AgentPlugin {
  readonly spec: PluginSpec;
  readonly collectors: readonly Collector[];
  readonly actions: readonly AgentAction[];
  /** Called in order before a reboot that Pilothouse brings about, each with its own time limit; a failure stops it. */
  readonly drains?: readonly Drain[];
}

/** Takes work off a host before it goes down, and says how. */
export interface Drain {
  readonly name: string;
  readonly timeoutMs: number;
  drain(context: ActionContext): Promise<ActionEnd>;
}

export const defineAgentPlugin = (plugin: AgentPlugin): AgentPlugin => plugin;

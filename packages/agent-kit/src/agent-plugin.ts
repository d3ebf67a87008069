import type { ActionContext, ActionEnd, AgentAction } from './action.ts';
import type { Collector } from './collector.ts';
import type { FactWatch } from './fact-watch.ts';

/**
 * The agent room of a plugin: all that it can see and do on a host, in one declaration. The agent holds it in memory for
 * months, so it imports the actions' own specs and not the plugin's whole contract with its routes.
 */
export interface AgentPlugin {
  /** That of the plugin's spec. */
  readonly id: string;
  /** Loaded only by the short-lived process that collects: `async () => (await import('./collectors.ts')).…`. */
  readonly collectors: () => Promise<readonly Collector[]>;
  readonly actions: readonly AgentAction[];
  /** Looks that spare collections; held in memory like the actions, so they import no schemas. */
  readonly watches?: readonly FactWatch[];
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

import type { AgentPlugin } from '@pilothouse/agent-kit';
import { commandsAgent } from '@pilothouse/plugin-commands/agent';
import { filesAgent } from '@pilothouse/plugin-files/agent';
import { inventoryAgent } from '@pilothouse/plugin-inventory/agent';
import { servicesAgent } from '@pilothouse/plugin-services/agent';

/** The plugins that ship inside the agent: everything it can see and do. */
export const agentPlugins: readonly AgentPlugin[] = [
  inventoryAgent,
  commandsAgent,
  servicesAgent,
  filesAgent,
];

import type { AgentPlugin } from '@pilothouse/agent-kit';
import type { UndoRecords } from '../journal/undo-records.ts';
import { type ActionRegistry, createActionRegistry } from '../tasks/action-registry.ts';
import { createKernelAgent } from './kernel-agent.ts';

/** All that an agent with these plugins can do here: the kernel's actions and theirs. */
export function createAgentRegistry(
  plugins: readonly AgentPlugin[],
  host: { readonly isRoot: boolean; readonly undo: UndoRecords },
): ActionRegistry {
  const drains = plugins.flatMap((plugin) => plugin.drains ?? []);
  const kernel = createKernelAgent({ undo: host.undo, drains, registry: () => registry });
  const registry: ActionRegistry = createActionRegistry([kernel, ...plugins], host);
  return registry;
}

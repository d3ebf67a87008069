import type { AgentPlugin } from '@pilothouse/agent-kit';
import type { UndoRecords } from '../journal/undo-records.ts';
import { type ActionRegistry, createActionRegistry } from '../tasks/action-registry.ts';
import { createKernelAgent } from './kernel-agent.ts';
import { localDrains } from './local-drains.ts';

/** All that an agent with these plugins can do here: the kernel's actions and theirs. */
export function createAgentRegistry(
  plugins: readonly AgentPlugin[],
  host: {
    readonly isRoot: boolean;
    readonly undo: UndoRecords;
    /** Where the host's own drains are; absent: nowhere. */
    readonly drainDirectory?: string;
  },
): ActionRegistry {
  const drains = plugins.flatMap((plugin) => plugin.drains ?? []);
  const { drainDirectory } = host;
  const kernel = createKernelAgent({
    undo: host.undo,
    drains,
    localDrains: async () =>
      drainDirectory === undefined ? [] : localDrains(drainDirectory, process.getuid?.() ?? 0),
    registry: () => registry,
  });
  const registry: ActionRegistry = createActionRegistry([kernel, ...plugins], host);
  return registry;
}

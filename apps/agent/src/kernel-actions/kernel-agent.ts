/** The actions of the kernel itself, in the shape of a plugin's agent room: what every host can do without any plugin. */
import { type AgentPlugin, type Drain, defineAgentPlugin } from '@pilothouse/agent-kit';
import type { UndoRecords } from '../journal/undo-records.ts';
import type { ActionRegistry } from '../tasks/action-registry.ts';
import { createRebootHost } from './reboot-host.ts';
import { createUndoPlan } from './undo-plan.ts';

export interface KernelAgentDeps {
  readonly undo: UndoRecords;
  /** Asked when an undo runs: it calls the actions of all plugins. */
  readonly registry: () => ActionRegistry;
  readonly drains: readonly Drain[];
  /** The host's own; asked at each reboot. */
  readonly localDrains: () => Promise<readonly Drain[]>;
}

export const createKernelAgent = (deps: KernelAgentDeps): AgentPlugin =>
  defineAgentPlugin({
    id: 'kernel',
    collectors: async () => [],
    actions: [createRebootHost(deps.drains, deps.localDrains), createUndoPlan(deps)],
  });

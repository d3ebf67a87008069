import type { AgentAction, AgentPlugin } from '@pilothouse/agent-kit';
import { actionSchemaDigest, type Digest, type Message } from '@pilothouse/contract';

/** The actions of this agent: what it can do here, and what it knows and cannot, with the reason. */
export interface ActionRegistry {
  readonly offered: ReadonlyMap<string, { readonly action: AgentAction; readonly schemaDigest: Digest }>;
  readonly absent: ReadonlyMap<string, Message>;
}

export function createActionRegistry(
  plugins: readonly AgentPlugin[],
  host: { isRoot: boolean },
): ActionRegistry {
  const offered = new Map<string, { action: AgentAction; schemaDigest: Digest }>();
  const absent = new Map<string, Message>();
  for (const action of plugins.flatMap((plugin) => plugin.actions)) {
    const reason = action.available(host);
    if (reason === null)
      offered.set(action.spec.name, { action, schemaDigest: actionSchemaDigest(action.spec) });
    else absent.set(action.spec.name, reason);
  }
  return { offered, absent };
}

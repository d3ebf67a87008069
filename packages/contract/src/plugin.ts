import type { PermissionSpec } from './access.ts';
import type { ActionSpec } from './action.ts';
import type { ErrorTable } from './errors.ts';
import type { FactSpec } from './fact.ts';
import type { FindingSpec } from './finding.ts';
import type { Message } from './message.ts';
import type { Route } from './route.ts';

/**
 * What a plugin is, as data that server, agent, CLI and browser all read. The rooms add behaviour to it: `server/`
 * handlers and stores, `agent/` collectors and actions, `cli/` commands. No room may add a second way to change a host.
 */
export interface PluginSpec {
  /** Also the prefix of its tables, permissions, actions, error codes (upper case) and finding kinds. */
  readonly id: string;
  readonly title: Message;
  readonly permissions: Readonly<Record<string, PermissionSpec>>;
  readonly errors: ErrorTable;
  readonly facts: readonly FactSpec[];
  readonly actions: readonly ActionSpec[];
  readonly findings: readonly FindingSpec[];
  readonly events: readonly { readonly type: string; readonly title: Message }[];
  readonly routes: readonly Route[];
}

export const definePlugin = <T extends PluginSpec>(spec: T): T => spec;

import type { CliContext } from '@pilothouse/cli-kit';
import type { VerbGroup } from './command-catalogue.ts';
import type { Connector, Sites } from './connect-site.ts';

/** What the program's own verbs may use beyond what a plugin's verbs get: logins and the list of verbs. */
export interface AppContext extends CliContext {
  readonly sites: Sites;
  readonly connector: Connector;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly verbs: readonly VerbGroup[];
}

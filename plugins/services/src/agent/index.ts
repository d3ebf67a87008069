/** The agent room of services: six verbs over systemd's units. Collects nothing; inventory knows what there is. */
import { defineAgentAction, defineAgentPlugin, onlyRoot } from '@pilothouse/agent-kit';
import {
  disableService,
  enableService,
  reloadService,
  restartService,
  startService,
  stopService,
  type Verb,
} from '../contract/actions.ts';
import { carryOutVerb, predictVerb } from './carry-out-verb.ts';
import { restoreUnit } from './restore-unit.ts';

/** The behaviour of one verb; `now` is only in the parameters of two of them. */
const behaviour = (verb: Verb) => ({
  available: onlyRoot(startService),
  dryRun: (parameters: { unit: string; now?: boolean }, context: Parameters<typeof predictVerb>[1]) =>
    predictVerb({ verb, unit: parameters.unit, now: parameters.now ?? false }, context),
  run: (parameters: { unit: string; now?: boolean }, context: Parameters<typeof carryOutVerb>[1]) =>
    carryOutVerb({ verb, unit: parameters.unit, now: parameters.now ?? false }, context),
});
const undoable = { undo: restoreUnit };

export const servicesAgent = defineAgentPlugin({
  id: 'services',
  collectors: async () => [],
  actions: [
    defineAgentAction({ spec: startService, ...behaviour('start'), ...undoable }),
    defineAgentAction({ spec: stopService, ...behaviour('stop'), ...undoable }),
    defineAgentAction({ spec: restartService, ...behaviour('restart') }),
    defineAgentAction({ spec: reloadService, ...behaviour('reload') }),
    defineAgentAction({ spec: enableService, ...behaviour('enable'), ...undoable }),
    defineAgentAction({ spec: disableService, ...behaviour('disable'), ...undoable }),
  ],
});

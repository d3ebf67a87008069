import {
  accessErrors,
  accessPermissions,
  auditErrors,
  auditPermissions,
  authorityErrors,
  authorityPermissions,
  budgetFindings,
  budgetsErrors,
  budgetsPermissions,
  commonErrors,
  enrolmentErrors,
  enrolmentPermissions,
  eventsErrors,
  eventsPermissions,
  factsErrors,
  factsPermissions,
  findingsErrors,
  findingsPermissions,
  gateErrors,
  gatewayErrors,
  gatewayFindings,
  groupsErrors,
  groupsPermissions,
  hostsErrors,
  hostsPermissions,
  planErrors,
  pluginErrors,
  rolloutCauseErrors,
  rolloutErrors,
  rolloutPermissions,
  selectErrors,
} from '@pilothouse/contract';
import { storeErrors } from '@pilothouse/store';
import type { KernelDeclarations } from './plugins/index.ts';

/** What the kernel's rooms declare. A room adds its tables here, by one line each. */
export const kernelDeclarations: KernelDeclarations = {
  errors: {
    ...commonErrors,
    ...storeErrors,
    ...pluginErrors,
    ...accessErrors,
    ...auditErrors,
    ...authorityErrors,
    ...eventsErrors,
    ...enrolmentErrors,
    ...gatewayErrors,
    ...gateErrors,
    ...findingsErrors,
    ...selectErrors,
    ...factsErrors,
    ...groupsErrors,
    ...hostsErrors,
    ...planErrors,
    ...rolloutCauseErrors,
    ...rolloutErrors,
    ...budgetsErrors,
  },
  permissions: {
    ...prefixed('access', accessPermissions),
    ...prefixed('enrolment', enrolmentPermissions),
    ...prefixed('audit', auditPermissions),
    ...prefixed('authority', authorityPermissions),
    ...prefixed('events', eventsPermissions),
    ...prefixed('findings', findingsPermissions),
    ...prefixed('facts', factsPermissions),
    ...prefixed('groups', groupsPermissions),
    ...prefixed('hosts', hostsPermissions),
    ...prefixed('rollouts', rolloutPermissions),
    ...prefixed('budgets', budgetsPermissions),
  },
  findings: [...Object.values(gatewayFindings), ...Object.values(budgetFindings)],
};

/** Rooms call their keys `read` alike; names of permissions are unique, and checked when declarations are collected. */
function prefixed<T>(room: string, table: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(table).map(([key, value]) => [`${room}.${key}`, value]));
}

/**
 * What the inventory plugin is, for everyone who reads it: the facts that say what a host is made of, the findings it
 * raises from them, and the routes that count over the fleet. It changes nothing on a host and has no actions.
 */
import { definePlugin } from '@pilothouse/contract';
import { inventoryFindings } from './contract/findings.ts';
import { networkFact, socketsFact } from './contract/network-facts.ts';
import { inventoryErrors, inventoryPermissions } from './contract/permissions.ts';
import { inventoryRoutes } from './contract/routes.ts';
import {
  accountsFact,
  packagesFact,
  processesFact,
  repositoriesFact,
  schedulesFact,
  servicesFact,
} from './contract/software-facts.ts';
import { storageFact, storageUsageFact } from './contract/storage-facts.ts';
import {
  hardwareFact,
  identityFact,
  kernelFact,
  modulesFact,
  osFact,
  parametersFact,
  securityFact,
} from './contract/system-facts.ts';

export * from './contract/findings.ts';
export * from './contract/network-facts.ts';
export * from './contract/permissions.ts';
export * from './contract/routes.ts';
export * from './contract/software-facts.ts';
export * from './contract/storage-facts.ts';
export * from './contract/system-facts.ts';
export * from './contract/text-limits.ts';
export * from './contract/usage-steps.ts';

export const inventoryFacts = [
  osFact,
  kernelFact,
  hardwareFact,
  identityFact,
  networkFact,
  storageFact,
  storageUsageFact,
  packagesFact,
  repositoriesFact,
  servicesFact,
  processesFact,
  socketsFact,
  accountsFact,
  schedulesFact,
  parametersFact,
  modulesFact,
  securityFact,
];

export const inventorySpec = definePlugin({
  id: 'inventory',
  title: { en: 'Inventory', zh: '资产清单' },
  permissions: inventoryPermissions,
  errors: inventoryErrors,
  facts: inventoryFacts,
  actions: [],
  findings: inventoryFindings,
  events: [],
  routes: Object.values(inventoryRoutes),
});

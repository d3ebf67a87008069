/** What the inventory plugin can see on a host: one collector a fact. It only reads, and has no actions. */
import { defineAgentPlugin } from '@pilothouse/agent-kit';
import { inventorySpec } from '../contract.ts';
import { osCollector } from './facts/os.ts';
import { packagesCollector } from './facts/packages.ts';
import { servicesCollector } from './facts/services.ts';

export const inventoryAgent = defineAgentPlugin({
  spec: inventorySpec,
  collectors: [osCollector, packagesCollector, servicesCollector],
  actions: [],
});

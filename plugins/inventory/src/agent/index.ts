/** What the inventory plugin can see on a host: one collector a fact. It only reads, and has no actions. */
import { defineAgentPlugin } from '@pilothouse/agent-kit';
import { inventoryWatches } from './watches.ts';

export const inventoryAgent = defineAgentPlugin({
  id: 'inventory',
  collectors: async () => (await import('./collectors.ts')).inventoryCollectors,
  actions: [],
  watches: inventoryWatches,
});

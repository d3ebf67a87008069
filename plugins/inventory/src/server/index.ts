/** The server side of inventory: raises findings from facts and answers questions over the fleet. Stores nothing itself. */
import { defineServerPlugin } from '@pilothouse/kernel';
import { inventorySpec } from '../contract.ts';
import { createFindingsRaiser } from './reconcilers/raise-findings.ts';
import { inventoryEndpoints } from './routes.ts';

/** Agents below this lack something that this server's plans rely on. Raised with the protocol, not with each release. */
const AGENT_VERSION_MIN = '0.1.0';

export const inventoryServer = defineServerPlugin({
  spec: inventorySpec,
  uses: {},
  migrations: null,
  async start({ kernel, log }) {
    const raiser = createFindingsRaiser(kernel, { agentVersionMin: AGENT_VERSION_MIN, log });
    return {
      endpoints: inventoryEndpoints(kernel),
      reconcilers: [raiser],
      close: () => raiser.close(),
    };
  },
});

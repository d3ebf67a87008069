/** The server room of services: says in which state a unit is over the fleet. Stores nothing; rollouts change hosts. */
import { defineServerPlugin, endpoint } from '@pilothouse/kernel';
import { servicesPermissions, servicesPlugin, servicesRoutes } from '../contract.ts';
import { groupUnitStates } from './group-unit-states.ts';

export const servicesServer = defineServerPlugin({
  spec: servicesPlugin,
  uses: {},
  migrations: null,
  async start({ kernel }) {
    const { hosts, facts, select } = kernel;
    return {
      endpoints: [
        endpoint(servicesRoutes.states, async ({ principal, params, query }) => {
          const scope = principal.scope(servicesPermissions.read.name);
          const meant =
            query.selector === undefined ? hosts.sorted() : (await select.run(query.selector)).matched;
          const inScope = meant.filter((host) => scope.includes(host));
          return groupUnitStates(inScope, facts, params.unit);
        }),
      ],
      reconcilers: [],
    };
  },
});

/** The server room of files: shows managed files over the fleet and raises what has drifted. Stores nothing. */
import { defineServerPlugin, endpoint } from '@pilothouse/kernel';
import { filesPermissions, filesPlugin, filesRoutes } from '../contract.ts';
import { groupFileStates } from './group-file-states.ts';
import { createDriftRaiser } from './reconcilers/raise-drift.ts';

export const filesServer = defineServerPlugin({
  spec: filesPlugin,
  uses: {},
  migrations: null,
  async start({ kernel, log }) {
    const { hosts, facts, select } = kernel;
    const raiser = createDriftRaiser(kernel, log);
    return {
      endpoints: [
        endpoint(filesRoutes.states, async ({ principal, query }) => {
          const scope = principal.scope(filesPermissions.read.name);
          const meant =
            query.selector === undefined ? hosts.sorted() : (await select.run(query.selector)).matched;
          const inScope = meant.filter((host) => scope.includes(host));
          return groupFileStates(inScope, facts, query.path ?? null);
        }),
      ],
      reconcilers: [raiser],
      close: () => raiser.close(),
    };
  },
});

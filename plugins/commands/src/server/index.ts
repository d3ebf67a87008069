/** The server room of commands: the script library and its routes. Running is the kernel's. */
import { defineServerPlugin } from '@pilothouse/kernel';
import { commandsPlugin } from '../contract.ts';
import { commandsMigrations } from './migrations.ts';
import { commandsEndpoints } from './routes.ts';

export const commandsServer = defineServerPlugin({
  spec: commandsPlugin,
  uses: {},
  migrations: commandsMigrations,
  async start(context) {
    const { audit, events } = context.kernel;
    return { endpoints: commandsEndpoints({ context, audit, events }, context.kernel), reconcilers: [] };
  },
});

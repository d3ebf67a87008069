import type { ServerPlugin } from '@pilothouse/kernel';
import { commandsServer } from '@pilothouse/plugin-commands/server';
import { filesServer } from '@pilothouse/plugin-files/server';
import { inventoryServer } from '@pilothouse/plugin-inventory/server';
import { servicesServer } from '@pilothouse/plugin-services/server';

/** The plugins of this server. Adding one is one line. */
export const plugins: readonly ServerPlugin[] = [
  inventoryServer,
  commandsServer,
  servicesServer,
  filesServer,
];

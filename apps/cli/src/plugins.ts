/** The plugins whose verbs and error texts this command line carries. */
import { commandErrors, scriptErrors } from '@pilothouse/plugin-commands/contract';
import { filesErrors } from '@pilothouse/plugin-files/contract';
import { inventoryErrors } from '@pilothouse/plugin-inventory/contract';
import { servicesErrors } from '@pilothouse/plugin-services/contract';

export const pluginErrors = [commandErrors, scriptErrors, inventoryErrors, servicesErrors, filesErrors];

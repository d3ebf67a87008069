/** The plugins whose verbs and error texts this command line carries. */
import { commandErrors, scriptErrors } from '@pilothouse/plugin-commands/contract';

export const pluginErrors = [commandErrors, scriptErrors];

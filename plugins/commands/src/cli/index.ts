/** The command-line room of commands: `run` and `script`. */
import { defineCliPlugin } from '@pilothouse/cli-kit';
import { commandsPlugin } from '../contract.ts';

export { COMMAND_ARGUMENT, commandOf, commandOptions, type SaidCommand } from './command-options.ts';

import { runCommand } from './run.ts';
import { scriptDelete, scriptList, scriptPublish, scriptRun, scriptSave, scriptShow } from './script.ts';

export const commandsCli = defineCliPlugin({
  id: commandsPlugin.id,
  commands: [runCommand, scriptList, scriptShow, scriptSave, scriptPublish, scriptRun, scriptDelete],
  errors: commandsPlugin.errors,
});

/** The agent room of commands: runs programs and scripts as actions. Collects nothing. */
import { defineAgentPlugin } from '@pilothouse/agent-kit';
import { commandsPlugin } from '../contract.ts';
import { runCommand } from './run-command.ts';
import { runScript } from './run-script.ts';

export const commandsAgent = defineAgentPlugin({
  spec: commandsPlugin,
  collectors: [],
  actions: [runCommand, runScript],
});

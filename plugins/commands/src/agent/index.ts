/** The agent room of commands: runs programs and scripts as actions. Collects nothing. */
import { defineAgentPlugin } from '@pilothouse/agent-kit';
import { runCommand } from './run-command.ts';
import { runScript } from './run-script.ts';

export const commandsAgent = defineAgentPlugin({
  id: 'commands',
  collectors: async () => [],
  actions: [runCommand, runScript],
});

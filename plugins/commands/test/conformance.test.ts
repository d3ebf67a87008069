import { conformPlugin } from '@pilothouse/testkit';
import { commandsAgent } from '../src/agent/index.ts';
import { commandsPlugin } from '../src/contract.ts';

conformPlugin(commandsPlugin, commandsAgent);

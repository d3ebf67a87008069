import { conformPlugin } from '@pilothouse/testkit';
import { filesAgent } from '../src/agent/index.ts';
import { filesPlugin } from '../src/contract.ts';

conformPlugin(filesPlugin, filesAgent);

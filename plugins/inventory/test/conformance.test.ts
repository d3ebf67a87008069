import { conformPlugin } from '@pilothouse/testkit';
import { inventoryAgent } from '../src/agent/index.ts';
import { inventorySpec } from '../src/contract.ts';

conformPlugin(inventorySpec, inventoryAgent);

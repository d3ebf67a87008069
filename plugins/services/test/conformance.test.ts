import { conformPlugin } from '@pilothouse/testkit';
import { servicesAgent } from '../src/agent/index.ts';
import { servicesPlugin } from '../src/contract.ts';

conformPlugin(servicesPlugin, servicesAgent);

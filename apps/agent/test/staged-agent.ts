/** For tests: the agent as a process of its own, with the actions of staged-plugin.ts and without facts. */
import { systemClock } from '@pilothouse/base';
import { startAgent } from '../src/agent.ts';
import { openDataDirectory } from '../src/data-directory.ts';
import { createAgentLog } from '../src/log.ts';
import { stagedPlugin } from './staged-plugin.ts';

const agent = startAgent({
  data: openDataDirectory(process.env['PILOTHOUSE_AGENT_DATA'] ?? ''),
  plugins: [stagedPlugin],
  collection: { collect: async () => {}, stop: () => {} },
  proxy: null,
  servers: [],
  hasScopes: false,
  clock: systemClock,
  random: Math.random,
  log: createAgentLog((text) => process.stderr.write(text)),
  agentVersion: '0.0.0-test',
});
setInterval(() => {}, 2 ** 30);
process.once('SIGTERM', () => {
  void agent.stop().then(() => process.exit(0));
});

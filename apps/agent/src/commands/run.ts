import { join } from 'node:path';
import { systemClock } from '@pilothouse/base';
import { isAppError, renderMessage } from '@pilothouse/contract';
import { startAgent } from '../agent.ts';
import { claimDirectory } from '../claim-directory.ts';
import type { CommandLine } from '../command-line.ts';
import { createCollectorProcess, HEAP_MIB_MAX } from '../facts/collector-process.ts';
import { recordsIn } from '../journal/undo-records.ts';
import { createAgentRegistry } from '../kernel-actions/create-agent-registry.ts';
import { createAgentLog } from '../log.ts';
import { agentMessages } from '../messages.ts';
import { agentPlugins } from '../plugins.ts';
import { keepCodeSmall } from '../release-memory.ts';
import { isSystemdHost } from '../systemd-host.ts';
import { AGENT_VERSION } from '../version.ts';
import { proxyOf } from './proxy.ts';
import { unusable, usableDirectory } from './usable-directory.ts';

/** `run`: until SIGTERM or SIGINT. */
export async function run(line: CommandLine): Promise<number> {
  keepCodeSmall();
  const data = usableDirectory(line.dataDirectory);
  const log = createAgentLog((text) => process.stderr.write(text));
  const isRoot = process.getuid?.() === 0;
  if (!isRoot) sayWhatIsMissing(line);
  await claimDirectory(data);
  const agent = startOrExplain(line, () =>
    startAgent({
      data,
      plugins: agentPlugins,
      collection: createCollectorProcess({
        command: collectorCommand(line.dataDirectory),
        clock: systemClock,
        log,
      }),
      proxy: proxyOf(process.env),
      servers: line.servers,
      hasScopes: isRoot && isSystemdHost(),
      clock: systemClock,
      random: Math.random,
      log,
      agentVersion: AGENT_VERSION,
    }),
  );
  // Timers of the clock hold nothing alive, and neither does an agent between two sessions: this does.
  const alive = setInterval(() => {}, 2 ** 30);
  const signal = await new Promise<string>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT']) process.once(name, () => resolve(name));
  });
  log.info('ending', { signal });
  await agent.stop();
  clearInterval(alive);
  // Tasks in scopes of their own go on; what still reads their pipes must not keep this process.
  process.exit(0);
}

function startOrExplain<T>(line: CommandLine, start: () => T): T {
  try {
    return start();
  } catch (cause) {
    if (isAppError(cause)) throw cause;
    throw unusable(line.dataDirectory, cause);
  }
}

/** This very program once more. What the runtime was told for a process that stays does not hold for one that ends soon. */
const collectorCommand = (dataDirectory: string): string[] => [
  process.execPath,
  `--max-old-space-size=${HEAP_MIB_MAX}`,
  process.argv[1] ?? '',
  'collect',
  '--data',
  dataDirectory,
  '--',
];

function sayWhatIsMissing(line: CommandLine): void {
  const { absent } = createAgentRegistry(agentPlugins, {
    isRoot: false,
    undo: recordsIn(join(line.dataDirectory, 'undo')),
  });
  if (absent.size === 0) return;
  const lines = [...absent].map(([name, reason]) => `  ${name}: ${reason[line.language]}`);
  process.stderr.write(`${renderMessage(agentMessages.notRoot, line.language)}\n${lines.join('\n')}\n`);
}

import type { AgentPlugin } from '@pilothouse/agent-kit';
import { systemClock } from '@pilothouse/base';
import type { CommandLine } from '../command-line.ts';
import { collectHere } from '../facts/collect-here.ts';
import type { CollectorLine } from '../facts/collector-line.ts';
import { createFactBodies } from '../facts/fact-bodies.ts';
import { agentPlugins } from '../plugins.ts';
import { usableDirectory } from './usable-directory.ts';

/** `collect [NAME…]`: what the running agent starts to collect facts; bodies go to their directory, what was found to stdout. */
export async function collect(line: CommandLine): Promise<number> {
  const data = usableDirectory(line.dataDirectory);
  const collection = collectHere(await collectorsOf(agentPlugins), {
    bodies: createFactBodies(data.factBodies),
    clock: systemClock,
  });
  const say = (said: CollectorLine): void => void process.stdout.write(`${JSON.stringify(said)}\n`);
  process.once('SIGTERM', collection.stop);
  // Open as long as the agent lives that asked; the timers of collectors do not keep this process, this does.
  process.stdin.once('end', collection.stop).resume();
  await collection.collect(line.words.length === 0 ? null : line.words, {
    offered: (facts) =>
      say({ kind: 'offered', facts: facts.map((fact) => ({ ...fact, sources: [...fact.sources] })) }),
    found: ({ report, text }) => say({ kind: 'found', report, text }),
  });
  process.stdin.destroy();
  return 0;
}

export async function collectorsOf(plugins: readonly AgentPlugin[]) {
  return (await Promise.all(plugins.map((plugin) => plugin.collectors()))).flat();
}

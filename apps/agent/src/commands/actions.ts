import { join } from 'node:path';
import type { CommandLine } from '../command-line.ts';
import { recordsIn } from '../journal/undo-records.ts';
import { createAgentRegistry } from '../kernel-actions/create-agent-registry.ts';
import { agentPlugins } from '../plugins.ts';

/** `actions`: what this agent can do here, and what it cannot, one line each. */
export async function actions(line: CommandLine): Promise<number> {
  const { offered, absent } = createAgentRegistry(agentPlugins, {
    isRoot: process.getuid?.() === 0,
    undo: recordsIn(join(line.dataDirectory, 'undo')),
  });
  const lines = [
    ...[...offered].map(([name, { action }]) => `${name}\t${action.spec.title[line.language]}`),
    ...[...absent].map(([name, reason]) => `${name}\t- ${reason[line.language]}`),
  ];
  process.stdout.write(lines.map((text) => `${text}\n`).join(''));
  return 0;
}

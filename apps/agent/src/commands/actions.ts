import type { CommandLine } from '../command-line.ts';
import { agentPlugins } from '../plugins.ts';
import { createActionRegistry } from '../tasks/action-registry.ts';

/** `actions`: what this agent can do here, and what it cannot, one line each. */
export async function actions(line: CommandLine): Promise<number> {
  const { offered, absent } = createActionRegistry(agentPlugins, { isRoot: process.getuid?.() === 0 });
  const lines = [
    ...[...offered].map(([name, { action }]) => `${name}\t${action.spec.title[line.language]}`),
    ...[...absent].map(([name, reason]) => `${name}\t- ${reason}`),
  ];
  process.stdout.write(lines.map((text) => `${text}\n`).join(''));
  return 0;
}

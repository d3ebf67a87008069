import {
  BRIDGE,
  BRIDGE_ADDRESS,
  hostAddress,
  hostNumber,
  NAMESPACE_PREFIX,
  NETWORK_PREFIX_LENGTH,
} from './places.ts';
import { mustRun, runCommand } from './run-command.ts';

/**
 * Fixed, because a bridge without an address of its own takes the lowest of its ports: removing one host would then cut the
 * others off until their neighbour tables forget.
 */
const BRIDGE_MAC = '02:70:68:6c:61:62';

const outerEnd = (name: string): string => `phlabv${hostNumber(name)}`;
export const namespaceOf = (name: string): string => `${NAMESPACE_PREFIX}${name}`;

export async function raiseBridge(): Promise<void> {
  const existing = await runCommand('ip', ['link', 'show', BRIDGE]);
  if (existing.exitCode === 0) return;
  await mustRun('ip', ['link', 'add', BRIDGE, 'address', BRIDGE_MAC, 'type', 'bridge']);
  await mustRun('ip', ['addr', 'add', `${BRIDGE_ADDRESS}/${NETWORK_PREFIX_LENGTH}`, 'dev', BRIDGE]);
  await mustRun('ip', ['link', 'set', BRIDGE, 'up']);
}

/** A namespace of its own with one wire to the bridge. */
export async function connectHost(name: string): Promise<void> {
  const namespace = namespaceOf(name);
  await mustRun('ip', ['netns', 'add', namespace]);
  await mustRun('ip', [
    'link',
    'add',
    outerEnd(name),
    'type',
    'veth',
    'peer',
    'name',
    'eth0',
    'netns',
    namespace,
  ]);
  await mustRun('ip', ['link', 'set', outerEnd(name), 'master', BRIDGE, 'up']);
  const inside = (...args: string[]) => mustRun('ip', ['-n', namespace, ...args]);
  await inside('addr', 'add', `${hostAddress(name)}/${NETWORK_PREFIX_LENGTH}`, 'dev', 'eth0');
  await inside('link', 'set', 'eth0', 'up');
  await inside('link', 'set', 'lo', 'up');
  await inside('route', 'add', 'default', 'via', BRIDGE_ADDRESS);
}

/** Pulls the cable: packets vanish, and no connection is told. */
export const unplugHost = (name: string): Promise<string> =>
  mustRun('ip', ['link', 'set', outerEnd(name), 'down']);
export const plugHost = (name: string): Promise<string> =>
  mustRun('ip', ['link', 'set', outerEnd(name), 'up']);

/** Removes every namespace and link that carries the lab's names. */
export async function removeNetwork(): Promise<void> {
  const namespaces = (await mustRun('ip', ['netns', 'list'])).split('\n');
  for (const line of namespaces) {
    const namespace = line.split(' ')[0] ?? '';
    if (namespace.startsWith(NAMESPACE_PREFIX)) await mustRun('ip', ['netns', 'del', namespace]);
  }
  // Deleting a namespace removes its links in the background; what is still there is removed by name.
  const links = (await mustRun('ip', ['-o', 'link', 'show'])).matchAll(/^\d+: (phlabv\d+)/gm);
  for (const [, link] of links) if (link !== undefined) await runCommand('ip', ['link', 'del', link]);
  await runCommand('ip', ['link', 'del', BRIDGE]);
}

export async function removeHostNetwork(name: string): Promise<void> {
  await runCommand('ip', ['netns', 'del', namespaceOf(name)]);
  await runCommand('ip', ['link', 'del', outerEnd(name)]);
}

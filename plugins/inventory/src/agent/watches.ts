import type { FactWatch, WatchAccess } from '@pilothouse/agent-kit';
import { MINUTE_MS } from '@pilothouse/base';
import { isNetworkType } from '../domain/list-file-systems.ts';
import { usageStep } from '../domain/usage-step.ts';

/** A host of containers has hundreds of mounts and interfaces; what is beyond is collected at its interval. */
const MOUNTS_MAX = 64;
const INTERFACES_MAX = 64;
const TEXT_BYTES_MAX = 256 * 1024;

/** How full each file system is, in the steps of the fact. */
const storageUsageWatch: FactWatch = {
  fact: 'storage-usage',
  intervalMs: MINUTE_MS,
  async look(host) {
    const mounts = host.readNow('/proc/self/mountinfo');
    if (mounts === null) return null;
    const steps: string[] = [];
    for (const [device, path] of mountPoints(mounts)) {
      const size = await host.statFileSystem(path);
      if (size === null || size.totalBytes === 0) continue;
      const space = usageStep(size.totalBytes - size.freeBytes, size.totalBytes);
      steps.push(`${device} ${space} ${usageStep(size.inodes - size.inodesFree, size.inodes)}`);
    }
    return steps.join('\n');
  },
};

/** One path a file system, by device number. Asking one over the network can hang, and asking autofs mounts it. */
function mountPoints(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, , device = '', , path = ''] = line.split(' ', 5);
    const type = line.slice(line.indexOf(' - ') + 3).split(' ', 1)[0] ?? '';
    if (type === 'autofs' || isNetworkType(type) || found.has(device)) continue;
    const unescaped = path.replace(/\\(\d{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    found.set(device, unescaped);
    if (found.size === MOUNTS_MAX) break;
  }
  return found;
}

/** Addresses and routes as the kernel lists them, the state of each interface, and the name servers. */
const networkWatch: FactWatch = {
  fact: 'network',
  intervalMs: MINUTE_MS,
  async look(host) {
    const seen = [
      host.readNow('/proc/net/fib_trie'),
      host.readNow('/proc/net/if_inet6'),
      withoutCounters(host.readNow('/proc/net/ipv6_route')),
      await host.readText('/etc/resolv.conf', TEXT_BYTES_MAX),
    ];
    for (const name of ((await host.list('/sys/class/net')) ?? []).slice(0, INTERFACES_MAX))
      seen.push(name, ...stateOf(host, name));
    return seen.join('\n');
  },
};

const stateOf = (host: WatchAccess, name: string): (string | null)[] =>
  ['operstate', 'mtu', 'address'].map((file) => host.readNow(`/sys/class/net/${name}/${file}`));

/** The two numbers before the flags say how often a route was used. */
const withoutCounters = (routes: string | null): string =>
  (routes ?? '').replace(/ \w{8} \w{8}( \w{8} +\S+)$/gm, '$1');

/** What listens, without who does: the kernel lists it without going through every process. */
const socketsWatch: FactWatch = {
  fact: 'sockets',
  intervalMs: 5 * MINUTE_MS,
  async look(host) {
    const answer = await host.run('ss', ['-lntuH'], {
      timeoutMs: MINUTE_MS / 4,
      outputBytesMax: TEXT_BYTES_MAX,
    });
    if (answer === null || answer.exitCode !== 0) return null;
    return answer.stdout
      .split('\n')
      .map((line) => {
        const [protocol, state, , , address] = line.split(/\s+/);
        return `${protocol} ${state} ${address}`;
      })
      .sort()
      .join('\n');
  },
};

/** What the agent looks at between two collections. */
export const inventoryWatches: readonly FactWatch[] = [storageUsageWatch, networkWatch, socketsWatch];

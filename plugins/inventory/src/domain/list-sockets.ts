import type { ListeningSocket } from '../contract.ts';
import { sortedBy } from './canonical-order.ts';
import type { SocketLine } from './parse-ss.ts';
import { integerOf } from './parsed.ts';

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** /proc/sys/net/ipv4/ip_local_port_range; Linux's default when it says nothing. */
export function portRangeOf(text: string | null): PortRange {
  const [first, last] = (text ?? '').trim().split(/\s+/).map(integerOf);
  return { first: first ?? 32_768, last: last ?? 60_999 };
}

/**
 * Sockets as the fact lists them. A UDP socket on an ephemeral port is a client waiting for an answer and gone in a
 * second, so it is left out, unless root sees that no process owns it: then it is the kernel's, such as a WireGuard port.
 */
export function listSockets(
  lines: readonly SocketLine[],
  host: {
    readonly ephemeral: PortRange;
    readonly areOwnersVisible: boolean;
    readonly unitOf: (pid: number) => string | null;
  },
): ListeningSocket[] {
  const sockets = new Map<string, ListeningSocket>();
  for (const line of lines) {
    const isEphemeral = line.port >= host.ephemeral.first && line.port <= host.ephemeral.last;
    const isKernelOwned = host.areOwnersVisible && line.owner === null;
    if (line.protocol === 'udp' && isEphemeral && !isKernelOwned) continue;
    const socket: ListeningSocket = {
      protocol: line.protocol,
      address: line.address,
      port: line.port,
      process: line.owner?.process ?? null,
      unit: line.owner === null ? null : host.unitOf(line.owner.pid),
    };
    sockets.set(JSON.stringify(socket), socket);
  }
  return sortedBy(
    [...sockets.values()],
    (s) => s.protocol,
    (s) => String(s.port).padStart(5, '0'),
    (s) => s.address,
    (s) => s.process ?? '',
  );
}

import { defineCollector, type HostAccess } from '@pilothouse/agent-kit';
import { SECOND_MS } from '@pilothouse/base';
import { socketsFact } from '../../contract.ts';
import { listSockets, portRangeOf } from '../../domain/list-sockets.ts';
import { parseProcNet } from '../../domain/parse-proc-net.ts';
import { parseSs, type SocketLine } from '../../domain/parse-ss.ts';
import type { Parsed } from '../../domain/parsed.ts';
import { unitOfCgroup } from '../../domain/unit-of-cgroup.ts';
import { readLine } from '../read-line.ts';

/** What listens on TCP and UDP, and which process and unit owns it. Without ss the owners stay unknown. */
export const socketsCollector = defineCollector({
  fact: socketsFact,
  timeoutMs: 20 * SECOND_MS,
  async collect(host) {
    const answer = await host.run('ss', ['-lntup'], { timeoutMs: 15 * SECOND_MS });
    const isFromSs = answer !== null && answer.exitCode === 0 && !answer.isCut;
    const parsed = isFromSs ? parseSs(answer.stdout) : await readProcNet(host);
    if (parsed === null) {
      return {
        kind: 'absent',
        reason: 'failed',
        detail: { en: 'run ss -lntup, then read /proc/net/tcp', zh: '运行 ss -lntup，再读取 /proc/net/tcp' },
      };
    }
    const units = await unitsOf(host, parsed.value);
    const areOwnersVisible = isFromSs && host.isRoot;
    const sockets = listSockets(parsed.value, {
      ephemeral: portRangeOf(await readLine(host, '/proc/sys/net/ipv4/ip_local_port_range')),
      areOwnersVisible,
      unitOf: (pid) => units.get(pid) ?? null,
    });
    return {
      kind: 'present',
      body: { sockets, isPartial: !areOwnersVisible },
      unknownLines: parsed.unknownLines,
    };
  },
});

async function readProcNet(host: HostAccess): Promise<Parsed<SocketLine[]> | null> {
  const tables: Parsed<SocketLine[]>[] = [];
  for (const protocol of ['tcp', 'udp'] as const) {
    for (const suffix of ['', '6']) {
      const text = await host.readText(`/proc/net/${protocol}${suffix}`);
      if (text !== null) tables.push(parseProcNet(text, protocol));
    }
  }
  if (tables.length === 0) return null;
  return {
    value: tables.flatMap((table) => table.value),
    unknownLines: tables.reduce((sum, table) => sum + table.unknownLines, 0),
  };
}

async function unitsOf(host: HostAccess, lines: readonly SocketLine[]): Promise<Map<number, string | null>> {
  const units = new Map<number, string | null>();
  for (const { owner } of lines) {
    if (owner === null || units.has(owner.pid)) continue;
    const cgroup = await host.readText(`/proc/${owner.pid}/cgroup`);
    units.set(owner.pid, cgroup === null ? null : unitOfCgroup(cgroup));
  }
  return units;
}

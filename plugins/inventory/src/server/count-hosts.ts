import { compareText } from '@pilothouse/base';
import type { FactSpec } from '@pilothouse/contract';
import type { FactsService, HostEntry } from '@pilothouse/kernel';
import type { z } from 'zod';
import { hardwareFact, type InventorySummary, kernelFact, osFact, packagesFact } from '../contract.ts';

/** How many of these hosts share each value. Bodies are read once a digest, so the cost grows with builds, not hosts. */
export async function countHosts(
  hosts: readonly HostEntry[],
  facts: Pick<FactsService, 'body'>,
): Promise<InventorySummary> {
  const packageDigests = hosts.flatMap((host) => host.facts.get(packagesFact.name)?.digest ?? []);
  return {
    hostsCount: hosts.length,
    os: await countByFact(hosts, facts, osFact, (os) => os.prettyName),
    arch: counted(tally(hosts.map((host) => host.arch ?? ''))),
    kernel: await countByFact(hosts, facts, kernelFact, (kernel) => kernel.release),
    virtualization: await countByFact(
      hosts,
      facts,
      hardwareFact,
      ({ virtualization }) => virtualization.technology ?? virtualization.kind,
    ),
    agentVersion: counted(tally(hosts.map((host) => host.agentVersion ?? ''))),
    builds: { distinctCount: new Set(packageDigests).size, reportedHostsCount: packageDigests.length },
  };
}

async function countByFact<Body extends z.ZodType>(
  hosts: readonly HostEntry[],
  facts: Pick<FactsService, 'body'>,
  fact: FactSpec<Body>,
  valueOf: (body: z.output<Body>) => string,
): Promise<InventorySummary['os']> {
  const hostsByDigest = tally(hosts.map((host) => host.facts.get(fact.name)?.digest ?? ''));
  const hostsByValue = new Map<string, number>();
  for (const [digest, hostsCount] of hostsByDigest) {
    const body = digest === '' ? null : fact.body.safeParse(await facts.body(digest));
    const value = body?.success ? valueOf(body.data) : '';
    hostsByValue.set(value, (hostsByValue.get(value) ?? 0) + hostsCount);
  }
  return counted(hostsByValue);
}

function tally(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

const counted = (counts: ReadonlyMap<string, number>): InventorySummary['os'] =>
  [...counts]
    .map(([value, hostsCount]) => ({ value, hostsCount }))
    .sort((a, b) => b.hostsCount - a.hostsCount || compareText(a.value, b.value));

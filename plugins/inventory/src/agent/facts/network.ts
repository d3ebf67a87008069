import { defineCollector } from '@pilothouse/agent-kit';
import { SECOND_MS } from '@pilothouse/base';
import { networkFact } from '../../contract.ts';
import { parseIpAddress, parseIpRoute } from '../../domain/parse-ip.ts';
import { parseResolvConf } from '../../domain/parse-resolv-conf.ts';

/** Interfaces, addresses, the main routing table and name servers. Traffic is a metric and not here. */
export const networkCollector = defineCollector({
  fact: networkFact,
  timeoutMs: 15 * SECOND_MS,
  async collect(host) {
    const addresses = await host.run('ip', ['address', 'show']);
    const ipv4 = await host.run('ip', ['-4', 'route', 'show']);
    const ipv6 = await host.run('ip', ['-6', 'route', 'show']);
    if (addresses === null)
      return {
        kind: 'absent',
        reason: 'tool-missing',
        detail: { en: 'run ip (iproute2)', zh: '运行 ip（iproute2）' },
      };
    if (addresses.exitCode !== 0) {
      return {
        kind: 'absent',
        reason: 'failed',
        detail: {
          en: `run ip address: exit code ${addresses.exitCode}`,
          zh: `运行 ip address：退出码 ${addresses.exitCode}`,
        },
      };
    }
    const interfaces = parseIpAddress(addresses.stdout);
    // A kernel without IPv6 answers its route command with an error: no routes.
    const routes = [parseIpRoute(ipv4?.stdout ?? '', 'ipv4'), parseIpRoute(ipv6?.stdout ?? '', 'ipv6')];
    const dns = parseResolvConf((await host.readText('/etc/resolv.conf')) ?? '');
    return {
      kind: 'present',
      body: {
        interfaces: interfaces.value,
        routes: routes.flatMap((r) => r.value),
        dns: dns.value,
      },
      unknownLines: [interfaces, ...routes, dns].reduce((sum, parsed) => sum + parsed.unknownLines, 0),
    };
  },
});

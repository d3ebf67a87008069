import type { NetworkInterface, NetworkRoute } from '../contract.ts';
import { sortedBy } from './canonical-order.ts';
import { clipWord, integerOf, linesOf, type Parsed } from './parsed.ts';

type Address = NetworkInterface['addresses'][number];

/** `ip address show`, the text form, which every iproute2 and busybox print; JSON came only with release 4.13. */
export function parseIpAddress(text: string): Parsed<NetworkInterface[]> {
  const interfaces: NetworkInterface[] = [];
  let unknownLines = 0;
  for (const line of linesOf(text)) {
    const words = line.trim().split(/\s+/);
    const current = interfaces.at(-1);
    const head = /^\d+: ([^:@\s]+)(?:@[^:\s]+)?: <([^>]*)>/.exec(line);
    if (head?.[1] !== undefined) interfaces.push(interfaceOf(head[1], words));
    else if (line.trim() === '') continue;
    else if (current === undefined) unknownLines += 1;
    else if (words[0]?.startsWith('link/')) {
      const mac = /^[0-9a-f]{2}(?::[0-9a-f]{2})+$/i.test(words[1] ?? '') ? (words[1] ?? null) : null;
      const isEmpty = mac === null || /^[0:]+$/.test(mac);
      interfaces[interfaces.length - 1] = {
        ...current,
        link: clipWord(words[0].slice('link/'.length)),
        mac: isEmpty ? null : clipWord(mac),
      };
    } else if (words[0] === 'inet' || words[0] === 'inet6') {
      const address = addressOf(words);
      // A privacy address lives for hours; its kernel flag says so.
      if (address === null) unknownLines += 1;
      else if (!words.includes('temporary')) current.addresses.push(address);
    } else if (!/^(?:valid_lft|altname|RX|TX|\d)/.test(words[0] ?? '') && !line.startsWith('  ')) {
      unknownLines += 1;
    }
  }
  return { value: sortedBy(interfaces.map(sortAddresses), (i) => i.name), unknownLines };
}

const sortAddresses = (item: NetworkInterface): NetworkInterface => ({
  ...item,
  addresses: sortedBy(
    item.addresses,
    (a) => a.family,
    (a) => a.address,
    (a) => String(a.prefixLength),
  ),
});

const after = (words: readonly string[], key: string): string | undefined => {
  const at = words.indexOf(key);
  return at < 0 ? undefined : words[at + 1];
};

function interfaceOf(name: string, words: readonly string[]): NetworkInterface {
  const master = after(words, 'master');
  return {
    name: clipWord(name),
    link: 'unknown',
    mac: null,
    mtu: integerOf(after(words, 'mtu')) ?? 0,
    state: clipWord((after(words, 'state') ?? 'unknown').toLowerCase()),
    master: master === undefined ? null : clipWord(master),
    addresses: [],
  };
}

/** `inet 10.0.0.2/24 brd … scope global eth0`, or `inet 10.0.0.1 peer 10.0.0.2/32 …` on a tunnel. */
function addressOf(words: readonly string[]): Address | null {
  const [address, own] = (words[1] ?? '').split('/');
  const prefixLength = integerOf(own ?? after(words, 'peer')?.split('/')[1]);
  if (!address || prefixLength === null) return null;
  return {
    family: words[0] === 'inet' ? 'ipv4' : 'ipv6',
    address: clipWord(address),
    prefixLength,
    scope: clipWord(after(words, 'scope') ?? 'unknown'),
  };
}

const ROUTE_KINDS = new Set(['unicast', 'blackhole', 'unreachable', 'prohibit', 'throw']);

/** `ip route show` or `ip -6 route show`. A route over several hops becomes one entry a hop. */
export function parseIpRoute(text: string, family: NetworkRoute['family']): Parsed<NetworkRoute[]> {
  const routes: NetworkRoute[] = [];
  let unknownLines = 0;
  let destination: string | null = null;
  for (const line of linesOf(text)) {
    const words = line.trim().split(/\s+/);
    if (words[0] === '' || words[0] === undefined) continue;
    if (words[0] === 'nexthop' && destination !== null) routes.push(routeOf(family, destination, words));
    else {
      const kind: string = words[0];
      destination = ROUTE_KINDS.has(kind) ? (words[1] ?? '') : kind;
      if (!/^(?:default|[0-9a-fA-F:.]+(?:\/\d+)?)$/.test(destination)) unknownLines += 1;
      else if (words.includes('dev') || words.includes('via') || ROUTE_KINDS.has(kind))
        routes.push(routeOf(family, destination, words));
    }
  }
  return {
    value: sortedBy(
      routes,
      (r) => r.destination,
      (r) => r.device ?? '',
      (r) => r.gateway ?? '',
      (r) => String(r.metric ?? 0).padStart(12, '0'),
    ),
    unknownLines,
  };
}

function routeOf(
  family: NetworkRoute['family'],
  destination: string,
  words: readonly string[],
): NetworkRoute {
  const via = words.indexOf('via');
  // `via inet6 fe80::1` is how an IPv4 route over an IPv6 gateway is printed.
  const gateway = /^inet6?$/.test(words[via + 1] ?? '') ? words[via + 2] : words[via + 1];
  const device = after(words, 'dev');
  return {
    family,
    destination: clipWord(destination),
    gateway: via < 0 || gateway === undefined ? null : clipWord(gateway),
    device: device === undefined ? null : clipWord(device),
    metric: integerOf(after(words, 'metric')),
  };
}

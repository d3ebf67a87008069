/**
 * Where this server may send to.
 *
 * Problem: whoever may set up a channel names an address, and this server then speaks to it from inside: to services that
 * listen on the loopback because nobody else should reach them, or to a cloud's metadata service, which hands out keys.
 *
 * Rule: a name is resolved once, every address of it is judged, and the connection goes to the very address that was judged, so
 * that a name cannot mean something else a moment later. Redirects are not followed. Loopback, link-local, unspecified, multicast
 * and metadata addresses are refused, also in their IPv4-mapped and NAT64 forms. Addresses of private networks are let through:
 * that is where the mail server of the house stands. `--notify-allow` lists exceptions.
 */
import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { AppError } from '@pilothouse/contract';

export interface AddressGuard {
  /** The address to connect to. AppError CHANNEL_ADDRESS_REFUSED; an Error of DNS when the name cannot be resolved. */
  resolve(host: string): Promise<string>;
  /** Judges an address as text, without resolving: a name passes. */
  check(host: string): void;
}

type Resolve = (host: string) => Promise<readonly string[]>;

const resolveAll: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

const INSIDE: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  // Metadata services outside of the link-local range: Alibaba Cloud, Oracle Cloud, AWS over IPv6.
  ['100.100.100.200', 32],
  ['192.0.0.192', 32],
  ['224.0.0.0', 4],
  ['255.255.255.255', 32],
  ['::', 128],
  ['::1', 128],
  ['fe80::', 10],
  ['fd00:ec2::254', 128],
  ['ff00::', 8],
  // NAT64 of the ranges above.
  ['64:ff9b::', 104],
  ['64:ff9b::7f00:0', 104],
  ['64:ff9b::a9fe:0', 112],
  ['64:ff9b::6464:64c8', 128],
];

/** `allowed`: addresses and networks such as `127.0.0.1` or `10.0.0.0/8` that are let through in spite of all. */
export function createAddressGuard(
  allowed: readonly string[],
  resolveNames: Resolve = resolveAll,
): AddressGuard {
  const inside = listOf(INSIDE);
  const exceptions = listOf(allowed.map(networkOf));
  const isIn = (list: BlockList, address: string) =>
    list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  const isRefused = (address: string): boolean => isIn(inside, address) && !isIn(exceptions, address);
  const bare = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');
  return {
    check(host) {
      const address = bare(host);
      if (isIP(address) !== 0 && isRefused(address))
        throw new AppError('CHANNEL_ADDRESS_REFUSED', { host, address });
    },
    async resolve(host) {
      const name = bare(host);
      const addresses = isIP(name) === 0 ? await resolveNames(name) : [name];
      const refused = addresses.find(isRefused);
      if (refused !== undefined) throw new AppError('CHANNEL_ADDRESS_REFUSED', { host, address: refused });
      const [first] = addresses;
      if (first === undefined) throw new Error(`${host} has no address`);
      return first;
    },
  };
}

function networkOf(text: string): readonly [string, number] {
  const [address = '', prefix] = text.split('/');
  return [address, prefix === undefined ? (isIP(address) === 6 ? 128 : 32) : Number(prefix)];
}

function listOf(networks: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of networks)
    list.addSubnet(address, prefix, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return list;
}

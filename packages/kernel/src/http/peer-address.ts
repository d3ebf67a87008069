/** The address of a peer as people write it: IPv4 also where a socket for both families says `::ffff:192.0.2.1`. */
export const plainAddress = (address: string): string =>
  /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;

/**
 * What counts as one place when attempts are counted: an IPv4 address, or an IPv6 network of 64 bits, since whoever has
 * one such address usually has all of its network.
 */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = (plain.split('%')[0] ?? '').toLowerCase().split('::');
  const groups = head.split(':').filter((group) => group !== '');
  const last = tail === undefined ? [] : tail.split(':').filter((group) => group !== '');
  const filled = [
    ...groups,
    ...Array<string>(Math.max(0, 8 - groups.length - last.length)).fill('0'),
    ...last,
  ];
  return filled
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}

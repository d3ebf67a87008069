import { isIPv4 } from 'node:net';

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

/** For tests: what a balancer writes; without an address what it writes for itself (LOCAL). */
export function proxyHeaderV2(address: string | null, extensions: Buffer = Buffer.alloc(0)): Buffer {
  const source = address === null ? Buffer.alloc(0) : bytesOf(address);
  const ports = address === null ? source : Buffer.from([0xc3, 0x50, 0x1d, 0x14]);
  const body = Buffer.concat([source, Buffer.alloc(source.length, 1), ports, extensions]);
  const family = source.length === 4 ? 0x11 : source.length === 16 ? 0x21 : 0;
  const fixed = Buffer.from([address === null ? 0x20 : 0x21, family, body.length >> 8, body.length & 0xff]);
  return Buffer.concat([SIGNATURE, fixed, body]);
}

function bytesOf(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail = ''] = address.split('::');
  const groupsOf = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [before, after] = [groupsOf(head), groupsOf(tail)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

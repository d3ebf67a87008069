import type { SocketLine } from './parse-ss.ts';
import { linesOf, type Parsed } from './parsed.ts';

/** Kernel states of a listening TCP socket and of an unconnected UDP one. */
const LISTENING: Readonly<Record<SocketLine['protocol'], string>> = { tcp: '0A', udp: '07' };

/** /proc/net/tcp, tcp6, udp or udp6: for hosts without ss. It names no owners. */
export function parseProcNet(text: string, protocol: SocketLine['protocol']): Parsed<SocketLine[]> {
  const value: SocketLine[] = [];
  let unknownLines = 0;
  for (const line of linesOf(text).slice(1)) {
    const match =
      /^\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) /.exec(line);
    if (match === null) unknownLines += 1;
    else if (match[3] === LISTENING[protocol]) {
      value.push({
        protocol,
        address: addressOf(match[1] ?? ''),
        port: Number.parseInt(match[2] ?? '', 16),
        owner: null,
      });
    }
  }
  return { value, unknownLines };
}

/** Words of four bytes in the host's order; every supported architecture is little-endian. */
function addressOf(hex: string): string {
  const bytes: number[] = [];
  for (let word = 0; word < hex.length; word += 8) {
    for (let byte = 6; byte >= 0; byte -= 2) {
      bytes.push(Number.parseInt(hex.slice(word + byte, word + byte + 2), 16));
    }
  }
  return bytes.length === 4 ? bytes.join('.') : ipv6Of(bytes);
}

/** The shortest form, RFC 5952: the longest run of zero groups becomes `::`. */
function ipv6Of(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((bytes[i * 2] ?? 0) * 256 + (bytes[i * 2 + 1] ?? 0)).toString(16),
  );
  let [start, length] = [0, 0];
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (to < 8 && groups[to] === '0') to += 1;
    if (to - from > length) [start, length] = [from, to - from];
  }
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

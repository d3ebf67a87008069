/**
 * The PROXY protocol's header, versions 1 and 2 (HAProxy's specification of 2020-03-05): what a load balancer that passes
 * TCP on says first, so that the server knows whose connection it is. Only the source address is taken; names, ports and
 * extensions are passed over, and a connection of the balancer's own (LOCAL, UNKNOWN) has none.
 */
import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/** Version 1 ends within 107 bytes; balancers add some hundred bytes of extensions to version 2. */
export const PROXY_HEADER_BYTES_MAX = 2048;
const LINE_BYTES_MAX = 107;

const LINE_START = Buffer.from('PROXY ');
const SIGNATURE = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
/** Signature, version and command, family, length. */
const FIXED_BYTES = 16;

export type ProxyHeader =
  /** What is there may become a header. */
  | { readonly kind: 'more' }
  | { readonly kind: 'invalid' }
  /** Null: the balancer speaks for itself. */
  | { readonly kind: 'header'; readonly sizeBytes: number; readonly address: string | null };

const MORE: ProxyHeader = { kind: 'more' };
const INVALID: ProxyHeader = { kind: 'invalid' };

/** Judges the first bytes of a connection. Never throws. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsLike(bytes, SIGNATURE)) return bytes.length < FIXED_BYTES ? MORE : readBinary(bytes);
  if (startsLike(bytes, LINE_START)) return readLine(bytes);
  return INVALID;
}

const startsLike = (bytes: Buffer, start: Buffer): boolean => {
  const size = Math.min(bytes.length, start.length);
  return bytes.subarray(0, size).equals(start.subarray(0, size));
};

function readLine(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, LINE_BYTES_MAX).indexOf('\r\n');
  if (end < 0) return bytes.length < LINE_BYTES_MAX ? MORE : INVALID;
  const sizeBytes = end + 2;
  const [, family, source = '', ...rest] = bytes.toString('latin1', 0, end).split(' ');
  if (family === 'UNKNOWN') return { kind: 'header', sizeBytes, address: null };
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : null;
  if (isAddress === null || !isAddress(source) || rest.length !== 3) return INVALID;
  return { kind: 'header', sizeBytes, address: source };
}

function readBinary(bytes: Buffer): ProxyHeader {
  const versionAndCommand = bytes.readUInt8(12);
  const sizeBytes = FIXED_BYTES + bytes.readUInt16BE(14);
  if (versionAndCommand >> 4 !== 2 || sizeBytes > PROXY_HEADER_BYTES_MAX) return INVALID;
  const command = versionAndCommand & 0xf;
  if (command > 1) return INVALID;
  const family = bytes.readUInt8(13) >> 4;
  const addressBytes = family === 1 ? 4 : family === 2 ? 16 : 0;
  // Source, destination and two ports.
  if (addressBytes > 0 && sizeBytes < FIXED_BYTES + 2 * addressBytes + 4) return INVALID;
  if (bytes.length < sizeBytes) return MORE;
  if (command === 0 || addressBytes === 0) return { kind: 'header', sizeBytes, address: null };
  return {
    kind: 'header',
    sizeBytes,
    address: addressText(bytes.subarray(FIXED_BYTES, FIXED_BYTES + addressBytes)),
  };
}

function addressText(raw: Buffer): string {
  if (raw.length === 4) return [...raw].join('.');
  const groups = raw.toString('hex').match(/.{4}/g) ?? [];
  return new SocketAddress({ family: 'ipv6', address: groups.join(':') }).address;
}

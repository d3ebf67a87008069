import { bytes, MINUTE_MS } from '@pilothouse/base';
import { defineFact } from '@pilothouse/contract';
import { z } from 'zod';
import { Word } from './text-limits.ts';

export const NetworkInterface = z.object({
  name: Word,
  /** ether, loopback, infiniband, none: the link layer as iproute2 names it. */
  link: Word,
  mac: Word.nullable(),
  mtu: z.number().int(),
  /** The kernel's operational state in lower case: up, down, unknown. */
  state: Word,
  /** Bridge or bond it belongs to. */
  master: Word.nullable(),
  /** Without temporary privacy addresses, which change by the hour. */
  addresses: z.array(
    z.object({
      family: z.enum(['ipv4', 'ipv6']),
      address: Word,
      prefixLength: z.number().int(),
      scope: Word,
    }),
  ),
});
export type NetworkInterface = z.infer<typeof NetworkInterface>;

export const NetworkRoute = z.object({
  family: z.enum(['ipv4', 'ipv6']),
  /** `default` or a prefix. */
  destination: Word,
  /** Null: directly connected. */
  gateway: Word.nullable(),
  device: Word.nullable(),
  metric: z.number().int().nullable(),
});
export type NetworkRoute = z.infer<typeof NetworkRoute>;

export const NetworkBody = z.object({
  interfaces: z.array(NetworkInterface),
  /** The main table. */
  routes: z.array(NetworkRoute),
  dns: z.object({ servers: z.array(Word), search: z.array(Word) }),
});
export type NetworkBody = z.infer<typeof NetworkBody>;

export const networkFact = defineFact({
  name: 'network',
  title: { en: 'Network', zh: '网络' },
  body: NetworkBody,
  isShared: false,
  sizeBytesMax: bytes.mib(1),
  intervalMs: 30 * MINUTE_MS,
});

export const ListeningSocket = z.object({
  protocol: z.enum(['tcp', 'udp']),
  /** `0.0.0.0`, `::`, `127.0.0.1`; without brackets. */
  address: Word,
  port: z.number().int().min(0).max(65_535),
  /** Null: the kernel's own, or not visible to an ordinary user. */
  process: Word.nullable(),
  unit: Word.nullable(),
});
export type ListeningSocket = z.infer<typeof ListeningSocket>;

export const SocketsBody = z.object({
  sockets: z.array(ListeningSocket),
  /** True when an ordinary user collected it: owners of other users' sockets are missing. */
  isPartial: z.boolean(),
});
export type SocketsBody = z.infer<typeof SocketsBody>;

export const socketsFact = defineFact({
  name: 'sockets',
  title: { en: 'Listening sockets', zh: '监听端口' },
  withoutRoot: { en: 'owners of sockets of other users', zh: '其他用户的端口归属' },
  body: SocketsBody,
  isShared: false,
  sizeBytesMax: bytes.mib(1),
  intervalMs: 30 * MINUTE_MS,
});

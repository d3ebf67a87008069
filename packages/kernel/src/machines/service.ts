import { z } from 'zod';

/** In every certificate of a machine, and in none of a host or of a listener. It is a name and leads nowhere. */
export const PEER_NAME = 'peers.pilothouse.internal';

/** What machines of one installation prove themselves to each other with. */
export const PeerCredentials = z.object({
  keyPem: z.string(),
  certificatePem: z.string(),
  /** Of the installation: the others' certificates are of one of them. Sealed with the rest, so that nobody can add one. */
  authorityPems: z.array(z.string()),
  notAfter: z.number(),
});
export type PeerCredentials = z.infer<typeof PeerCredentials>;

/** Where a leader is: on this machine, or on another. Terms count who led: the next has another one. */
export type LeaderPlace =
  | { readonly kind: 'socket'; readonly path: string; readonly term: number }
  | {
      readonly kind: 'peer';
      readonly address: PeerAddress;
      readonly credentials: PeerCredentials;
      readonly term: number;
    };

export interface PeerAddress {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `[::1]:port`. */
export const showPeerAddress = ({ host, port }: PeerAddress): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

export function readPeerAddress(text: string): PeerAddress {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) };
}

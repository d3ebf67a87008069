import type { Socket } from 'node:net';

/** Tells connections apart: the TLS socket is another object than the one that arrived; address and port are the same. */
export const peerKey = ({
  remoteAddress,
  remotePort,
}: Pick<Socket, 'remoteAddress' | 'remotePort'>): string => `${remoteAddress} ${remotePort}`;

import { BlockList, isIPv4, type Server, type Socket } from 'node:net';
import type { Clock } from '@pilothouse/base';
import type { Log } from '../log.ts';
import { plainAddress } from '../plain-address.ts';
import { peerKey } from './peer-key.ts';
import { readProxyHeader } from './proxy-header.ts';

export interface ProxyDoorOptions {
  /** Addresses and networks (`10.0.0.7`, `10.1.0.0/16`) of load balancers; from there a header is a must. */
  readonly trusted: readonly string[];
  /** A header must be there within this time. */
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Whose connection it is: as the load balancer says, or the peer's own address. */
export type AddressOf = (socket: Pick<Socket, 'remoteAddress' | 'remotePort'>) => string;

/**
 * Puts itself before the TLS of a server that does not listen yet: what a trusted balancer says of a connection is read
 * first, then the server gets the connection as if nothing had been there. Whoever is not trusted is not asked and cannot
 * say anything: its header would be a broken handshake.
 */
export function openProxyDoor(server: Server, options: ProxyDoorOptions): AddressOf {
  if (options.trusted.length === 0) return ({ remoteAddress }) => plainAddress(remoteAddress ?? '');
  const trusted = networksOf(options.trusted);
  const told = new Map<string, string>();
  const inner = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const pass = (): void => {
      for (const listener of inner) Reflect.apply(listener, server, [socket]);
    };
    const peer = plainAddress(socket.remoteAddress ?? '');
    if (!trusted.check(peer, familyOf(peer))) return pass();
    const key = peerKey(socket);
    awaitHeader(socket, options, (address) => {
      if (address !== null) {
        told.set(key, plainAddress(address));
        socket.once('close', () => told.delete(key));
      }
      pass();
    });
  });
  return (socket) => told.get(peerKey(socket)) ?? plainAddress(socket.remoteAddress ?? '');
}

function awaitHeader(
  socket: Socket,
  { clock, deadlineMs, log }: ProxyDoorOptions,
  done: (address: string | null) => void,
): void {
  let seen = Buffer.alloc(0);
  const peer = socket.remoteAddress;
  const cancel = clock.after(deadlineMs, () => socket.destroy());
  const stop = (): void => {
    cancel();
    socket.off('readable', look);
    socket.off('end', leave);
    socket.off('error', leave);
  };
  const leave = (): void => void socket.destroy();
  function look(): void {
    for (let piece: Buffer | null = socket.read(); piece !== null; piece = socket.read())
      seen = Buffer.concat([seen, piece]);
    const header = readProxyHeader(seen);
    if (header.kind === 'more') return;
    stop();
    if (header.kind === 'invalid') {
      log.warn('a trusted proxy sent no PROXY header', { peer });
      leave();
      return;
    }
    // TLS takes what lies in the socket's buffer before what comes.
    const rest = seen.subarray(header.sizeBytes);
    if (rest.length > 0) socket.unshift(rest);
    done(header.address);
  }
  socket.on('readable', look);
  socket.on('end', leave);
  socket.on('error', leave);
  socket.once('close', cancel);
}

function networksOf(texts: readonly string[]): BlockList {
  const networks = new BlockList();
  for (const text of texts) {
    const [address = '', bits] = text.split('/');
    if (bits === undefined) networks.addAddress(address, familyOf(address));
    else networks.addSubnet(address, Number(bits), familyOf(address));
  }
  return networks;
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIPv4(address) ? 'ipv4' : 'ipv6');

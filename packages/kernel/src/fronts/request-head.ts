import type { IncomingHttpHeaders } from 'node:http';
import type { Peer } from '../gateway/index.ts';

/** Names of our own begin so; whoever is outside cannot say any of them. */
const OURS = 'x-pilothouse-';
const DOOR = `${OURS}door`;
/** On an answer of a leader that leaves: nothing of the request was done, and the next leader is to be asked. */
export const NOT_TAKEN_HEADER = `${OURS}not-taken`;
const CERTIFICATE = `${OURS}certificate`;
const ADDRESS = 'x-forwarded-for';
/** What is said from hop to hop, and what only a proxy of ours may say. */
const DROPPED = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'forwarded',
]);

export type Door = 'api' | 'agents';

/** The headers of a request as it goes on to the leader: names and values in turn, in their order. */
export function headToLeader(raw: readonly string[], door: Door, peer: Peer): string[] {
  const head = pairsWithout(raw, (name) => name.startsWith(OURS) || name.startsWith('x-forwarded-'));
  // Balancers ask in HTTP/1.0 whether we are ready, which needs none; between front and leader an empty one stands for it.
  if (!head.some((word, at) => at % 2 === 0 && word.toLowerCase() === 'host')) head.push('host', '');
  head.push(DOOR, door, ADDRESS, peer.address);
  if (peer.certificate !== null) head.push(CERTIFICATE, Buffer.from(peer.certificate).toString('base64'));
  return head;
}

/** The headers of an answer as it goes on to who asked. */
export const headToPeer = (raw: readonly string[]): string[] =>
  pairsWithout(raw, (name) => name === 'transfer-encoding');

function pairsWithout(raw: readonly string[], isUnwanted: (name: string) => boolean): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const lower = name.toLowerCase();
    if (!DROPPED.has(lower) && !isUnwanted(lower)) kept.push(name, raw[i + 1] ?? '');
  }
  return kept;
}

export const isForAgents = (headers: IncomingHttpHeaders): boolean => headers[DOOR] === 'agents';

export function readPeer(headers: IncomingHttpHeaders): Peer {
  const certificate = headers[CERTIFICATE];
  const address = headers[ADDRESS];
  return {
    address: typeof address === 'string' ? address : '',
    certificate: typeof certificate === 'string' ? Buffer.from(certificate, 'base64') : null,
  };
}

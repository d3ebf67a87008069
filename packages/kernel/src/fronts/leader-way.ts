import { request as askHttp, type ClientRequest, Agent as HttpAgent, type RequestOptions } from 'node:http';
import { request as askHttps, Agent as HttpsAgent } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { type LeaderPlace, PEER_NAME, type PeerCredentials } from '../machines/service.ts';
import { FRONT_LIMITS } from './limits.ts';

/** How requests get to a leader: through a socket of this machine, or to another machine with both sides proved. */
export interface LeaderWay {
  readonly term: number;
  /** Over a network, where somebody can vanish without a word. */
  readonly isFar: boolean;
  /** Keeps connections open for the requests of one front. */
  readonly newAgent: () => HttpAgent;
  readonly ask: (options: RequestOptions) => ClientRequest;
}

export function wayTo(place: LeaderPlace): LeaderWay {
  const { term } = place;
  const keeping = { keepAlive: true, maxSockets: FRONT_LIMITS.requestsMax };
  if (place.kind === 'socket') {
    const socketPath = place.path;
    return {
      term,
      isFar: false,
      newAgent: () => new HttpAgent(keeping),
      ask: (options) => askHttp({ ...options, socketPath }),
    };
  }
  // The name is not looked up: it is what the other side's certificate has to bear.
  const secure = { ...peerContext(place.credentials), servername: PEER_NAME };
  return {
    term,
    isFar: true,
    newAgent: () => new HttpsAgent({ ...keeping, ...secure }),
    ask: (options) => askHttps({ ...options, ...place.address, ...secure }),
  };
}

/** What either side of a connection between machines proves itself with, and believes. */
export const peerContext = (credentials: PeerCredentials): SecureContextOptions => ({
  key: credentials.keyPem,
  cert: credentials.certificatePem,
  ca: [...credentials.authorityPems],
  minVersion: 'TLSv1.3',
});

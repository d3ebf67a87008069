import type { ClusterKey } from './cluster-key.ts';
import { PeerCredentials } from './service.ts';

/** Its name among the sealed keys. */
export const PEER_KEY = 'peer.json';

/** For a front, which holds no other key of the installation. AppError CLUSTER_KEY_WRONG. */
export const openPeerCredentials = (key: ClusterKey, sealed: string): PeerCredentials =>
  PeerCredentials.parse(JSON.parse(key.open(PEER_KEY, sealed)));

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '@pilothouse/base';
import type { StoreReader } from '@pilothouse/store';
import { readClusterKey } from './cluster-key.ts';
import { machinesStore } from './machines-store.ts';
import { openPeerCredentials, PEER_KEY } from './peer-credentials.ts';
import { type LeaderPlace, type PeerAddress, readPeerAddress, showPeerAddress } from './service.ts';

export interface FindLeaderOptions {
  readonly reader: StoreReader;
  /** Of this machine, as other machines reach it. */
  readonly own: PeerAddress;
  /** The door of a leader on this machine. */
  readonly doorPath: string;
  readonly keysDirectory: string;
}

/**
 * For a front: where the leader is at this moment, and what to prove oneself with to it; null when nobody has ever led.
 * AppError CLUSTER_KEY_MISSING, CLUSTER_KEY_WRONG, STORE_AWAY.
 */
export function leaderFinder(options: FindLeaderOptions): () => Promise<LeaderPlace | null> {
  const { reader, own, doorPath, keysDirectory } = options;
  const find = (name: string): Promise<string | null> => textOf(join(keysDirectory, name));
  let isThere = false;
  return async () => {
    isThere ||= await machinesStore.isThere(reader);
    if (!isThere) return null;
    const row = await machinesStore.leader(reader);
    const sealed = await machinesStore.key(reader, PEER_KEY);
    if (row === null || sealed === null) return null;
    // Also where it is not needed for the way: a machine without the file could never lead.
    const clusterKey = await readClusterKey({ find, directory: keysDirectory });
    const credentials = openPeerCredentials(clusterKey, sealed);
    const { term, address } = row;
    if (address === showPeerAddress(own)) return { kind: 'socket', path: doorPath, term };
    return { kind: 'peer', address: readPeerAddress(address), credentials, term };
  };
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return null;
    throw cause;
  }
}

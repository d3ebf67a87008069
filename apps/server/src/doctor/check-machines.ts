import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { SECOND_MS } from '@pilothouse/base';
import { isAppError, type Language } from '@pilothouse/contract';
import { leaderFinder } from '@pilothouse/kernel/find-leader';
import { openStoreReader } from '@pilothouse/store';
import type { Config } from '../config.ts';
import { doorPath } from '../processes/door-path.ts';
import { type DoctorFinding, ok, problem, warning } from './finding.ts';
import { sayRefusal } from './say-refusal.ts';

/** Longer than any way between machines that could work together. */
const CONNECT_MS = 2 * SECOND_MS;

type Wanted = Pick<Config, 'peers' | 'store' | 'dataDirectory'>;

/** Whether this machine has the key of the installation, knows who leads, and reaches them. Nothing where it is alone. */
export async function checkMachines(wanted: Wanted, language: Language): Promise<DoctorFinding[]> {
  if (wanted.peers === null) return [];
  try {
    return [await lookAtLeader(wanted, wanted.peers.advertised)];
  } catch (cause) {
    if (!isAppError(cause)) throw cause;
    return [problem('machinesFailed', sayRefusal(cause, language))];
  }
}

async function lookAtLeader(
  { store, dataDirectory }: Wanted,
  own: { readonly host: string; readonly port: number },
): Promise<DoctorFinding> {
  const reader = await openStoreReader(store, { connections: 1 });
  try {
    const find = leaderFinder({
      reader,
      own,
      doorPath: doorPath(dataDirectory),
      keysDirectory: join(resolve(dataDirectory), 'keys'),
    });
    const place = await find();
    if (place === null) return warning('machinesNobodyLed');
    const { term } = place;
    if (place.kind === 'socket')
      return (await isOpen({ path: place.path }))
        ? ok('machinesLeadsHere', { term })
        : warning('machinesLedHere', { term });
    const address = `${place.address.host}:${place.address.port}`;
    if (await isOpen(place.address)) return ok('machinesLed', { address, term });
    return problem('machinesLeaderAway', { address, term });
  } finally {
    await reader.close();
  }
}

function isOpen(at: { readonly path: string } | { readonly host: string; readonly port: number }) {
  return new Promise<boolean>((resolve) => {
    const socket = connect({ ...at, timeout: CONNECT_MS });
    const found = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', () => found(true));
    socket.once('timeout', () => found(false));
    socket.once('error', () => found(false));
  });
}

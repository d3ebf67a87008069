import { AppError, isAppError } from '@pilothouse/contract';
import type { Log } from '@pilothouse/kernel';
import { openStore, type Store, type StoreLocation, standBy } from '@pilothouse/store';
import type { PeersConfig } from './peers-config.ts';

/** How a server of several machines waits for its turn to lead. */
export interface Turn extends PeersConfig {
  /** Given when it is to end before its turn came. */
  readonly signal: AbortSignal;
  standingBy(holder: string): void;
  takingOver(): void;
}

/** What tells a step-down from a crash, for whoever reads the log of the keeper. */
const STEPPED_DOWN = 9;
const STORE_DIED = 10;

/**
 * The end of a leader that is one no more. Nothing in order: whoever asked must hear nothing from it, since another machine
 * has decided otherwise by now. A broken connection is what fronts repeat at the next leader, where that is safe.
 */
export const stepDownBy = (log: Log) => (): void => {
  log.error('another machine leads, this process ends', {});
  process.exit(STEPPED_DOWN);
};

/**
 * The end of a process whose store has ended in it. It would refuse everybody for ever, with all agents connected to it;
 * whoever keeps it starts another, that opens the store anew.
 */
export const endWith = (log: Log) => (): void => {
  log.error('the store has ended, and this process ends with it', {});
  process.exit(STORE_DIED);
};

interface InTurn extends Pick<Turn, 'signal' | 'standingBy' | 'takingOver'> {
  readonly log: Log;
  readonly taken: () => void;
}

/** AppError as openStore has them; STORE_STOPPED when it was to end before its turn. */
export async function openStoreInTurn(location: StoreLocation, turn: InTurn): Promise<Store> {
  const { log, taken, signal } = turn;
  // The configuration says so before anybody waits.
  if (location.kind === 'sqlite') throw new AppError('PEERS_NEED_POSTGRES');
  let hasWaited = false;
  const waiting = (holder: string): void => {
    if (!hasWaited) turn.standingBy(holder);
    hasWaited = true;
  };
  while (await standBy({ url: location.url, log, signal, waiting })) {
    try {
      const store = await openStore(location, { log, isWatched: true, taken });
      if (hasWaited) turn.takingOver();
      return store;
    } catch (error) {
      // Another machine was faster.
      if (!isAppError(error) || error.code !== 'STORE_IN_USE') throw error;
    }
  }
  throw new AppError('STORE_STOPPED');
}

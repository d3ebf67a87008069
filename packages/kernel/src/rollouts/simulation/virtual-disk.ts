import { AppError } from '@pilothouse/contract';
import type { Store, Transaction } from '@pilothouse/store';

/**
 * The store as a server sees it over a disk that may be slow, full or pulled out: commits wait until the world lets them
 * through, fail before anything is written, and a server that died hears of none of them again.
 */
export interface VirtualDisk {
  readonly store: Store;
  isSlow: boolean;
  /** So many of the next commits fail. */
  failures: number;
  /** Lets what waits go on. */
  release(): void;
  /** `isLastSaved`: what waits is written, and nobody hears of it; otherwise it is lost. */
  pullOut(isLastSaved: boolean): void;
}

export function createVirtualDisk(store: Store): VirtualDisk {
  let waiting: (() => void)[] = [];
  let isOut = false;
  const never = new Promise<never>(() => undefined);
  const disk: VirtualDisk = {
    isSlow: false,
    failures: 0,
    release() {
      const all = waiting;
      waiting = [];
      for (const go of all) go();
    },
    pullOut(isLastSaved) {
      isOut = true;
      if (isLastSaved) disk.release();
      waiting = [];
    },
    store: {
      engine: store.engine,
      as: () => store.as(),
      migrate: (sets) => store.migrate(sets),
      close: () => store.close(),
      async transaction<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
        if (isOut) return never;
        if (disk.isSlow) await new Promise<void>((resolve) => waiting.push(resolve));
        if (disk.failures > 0) {
          disk.failures -= 1;
          throw new AppError('STORE_FULL');
        }
        const result = await store.transaction(run);
        return isOut ? never : result;
      },
    },
  };
  return disk;
}

import type { Clock, IdSource } from '@pilothouse/base';
import type { Store } from '@pilothouse/store';
import type { Log } from './log.ts';

/** What every room is given: the world as arguments. */
export interface KernelContext {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly store: Store;
  readonly log: Log;
}

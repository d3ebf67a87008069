import { type Clock, SECOND_MS } from '@pilothouse/base';

const WINDOW_MS = 5 * SECOND_MS;
/** A handful of hosts that come and go is what every fleet has. */
const HOSTS_MIN = 10;
const SHARE_MIN = 0.01;

/** Whether hosts that were cut off are still streaming back. */
export interface ReturnFlow {
  came(): void;
  /** `missing` hosts are expected still. */
  isOn(missing: number): boolean;
}

/**
 * How long a fleet takes to come back depends on its size and on the server's cores: ten thousand hosts need ten times as long as
 * a thousand. While one in a hundred of the missing came within the last moments, the others are in the line behind them.
 */
export function createReturnFlow(clock: Pick<Clock, 'monotonic'>): ReturnFlow {
  let windowBegan = clock.monotonic();
  let inThis = 0;
  let inLast = 0;
  const turn = (): void => {
    const windows = Math.floor((clock.monotonic() - windowBegan) / WINDOW_MS);
    if (windows === 0) return;
    windowBegan += windows * WINDOW_MS;
    inLast = windows === 1 ? inThis : 0;
    inThis = 0;
  };
  return {
    came() {
      turn();
      inThis += 1;
    },
    isOn(missing) {
      turn();
      return missing > 0 && inLast + inThis >= Math.max(HOSTS_MIN, missing * SHARE_MIN);
    },
  };
}

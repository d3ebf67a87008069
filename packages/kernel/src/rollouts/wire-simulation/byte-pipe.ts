import { Duplex } from 'node:stream';

/** One direction of a connection: bytes that have left one end and not reached the other. */
interface Direction {
  readonly bytesOnTheWay: number;
  /** The sender has ended, and the receiver has not heard of it. */
  readonly isEnding: boolean;
  /** Brings the oldest bytes over, however they had been written; the end comes after the last of them. */
  move(bytesMax: number): void;
}

/** A connection as TCP gives it: bytes come once and in order, or the connection is broken. They move only when told to. */
export interface BytePipe {
  readonly agent: Duplex;
  readonly server: Duplex;
  readonly toServer: Direction;
  readonly toAgent: Direction;
  /** Both ends hear at once that it is broken; what was on the way is lost. */
  reset(): void;
}

interface Line extends Direction {
  readonly chunks: Buffer[];
  end(): void;
}

export function createBytePipe(): BytePipe {
  const toServer = createLine(() => server);
  const toAgent = createLine(() => agent);
  const agent = createEnd(toServer);
  const server = createEnd(toAgent);
  return {
    agent,
    server,
    toServer,
    toAgent,
    reset() {
      for (const end of [agent, server]) end.destroy();
    },
  };
}

function createEnd(outgoing: Line): Duplex {
  return new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, taken) {
      outgoing.chunks.push(chunk);
      taken();
    },
    final(ended) {
      outgoing.end();
      ended();
    },
    destroy(_cause, gone) {
      outgoing.end();
      gone(null);
    },
  });
}

function createLine(receiver: () => Duplex): Line {
  const chunks: Buffer[] = [];
  let state: 'open' | 'ending' | 'over' = 'open';
  return {
    chunks,
    get bytesOnTheWay() {
      return chunks.reduce((sum, { length }) => sum + length, 0);
    },
    get isEnding() {
      return state === 'ending';
    },
    end() {
      if (state === 'open') state = 'ending';
    },
    move(bytesMax) {
      for (let left = bytesMax; left > 0 && chunks[0] !== undefined; ) {
        const piece = chunks[0].subarray(0, left);
        left -= piece.length;
        if (piece.length === chunks[0].length) chunks.shift();
        else chunks[0] = chunks[0].subarray(piece.length);
        if (!receiver().destroyed) receiver().push(piece);
      }
      if (chunks.length > 0 || state !== 'ending') return;
      state = 'over';
      if (!receiver().destroyed) receiver().push(null);
    },
  };
}

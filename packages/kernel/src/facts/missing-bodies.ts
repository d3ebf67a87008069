import type { Digest, HostId } from '@pilothouse/contract';
import type { BodyShelf } from './body-shelf.ts';
import type { SpanBook } from './span-book.ts';

/** Looked through in one turn of the event loop: some milliseconds. */
const HOSTS_PER_TURN = 256;

export interface NamedBody {
  readonly digest: Digest;
  readonly fact: string;
  readonly hostId: HostId;
}

/**
 * Bodies that hosts name and nobody has, with who names them: whoever asks for them walks over these and not over the fleet.
 * All hosts are looked through once after a start, and again when something stored was found to be of no use.
 */
export interface MissingBodies {
  readonly note: (body: NamedBody) => void;
  /** Something that was there is not there any more: who names it is found out by the next walk. */
  readonly lose: () => void;
  /** Each that is still missing, with each host that names it, some at a time, until `see` says that one was enough. */
  readonly walk: (see: (body: NamedBody) => 'next-body' | 'next-host') => Promise<void>;
}

export interface MissingBodiesDeps {
  readonly book: Pick<SpanBook, 'of'>;
  readonly shelf: Pick<BodyShelf, 'has'>;
  readonly hostIds: () => Iterable<HostId>;
}

export function createMissingBodies({ book, shelf, hostIds }: MissingBodiesDeps): MissingBodies {
  const bodies = new Map<string, { digest: Digest; fact: string; hosts: Set<HostId> }>();
  let isComplete = false;
  const note = ({ digest, fact, hostId }: NamedBody): void => {
    const key = `${fact} ${digest}`;
    const body = bodies.get(key) ?? { digest, fact, hosts: new Set() };
    bodies.set(key, body);
    body.hosts.add(hostId);
  };
  const complete = async (inTurn: () => Promise<void>): Promise<void> => {
    isComplete = true;
    for (const hostId of hostIds()) {
      for (const [fact, { digest }] of book.of(hostId))
        if (digest !== null && !shelf.has(fact, digest)) note({ digest, fact, hostId });
      await inTurn();
    }
  };
  return {
    note,
    lose() {
      isComplete = false;
    },
    async walk(see) {
      const inTurn = everySoOften(HOSTS_PER_TURN);
      if (!isComplete) await complete(inTurn);
      for (const [key, { digest, fact, hosts }] of bodies) {
        for (const hostId of hosts) {
          // It came, or the host says something else now.
          if (shelf.has(fact, digest)) hosts.clear();
          else if (book.of(hostId).get(fact)?.digest !== digest) hosts.delete(hostId);
          else if (see({ digest, fact, hostId }) === 'next-body') break;
          await inTurn();
        }
        if (hosts.size === 0) bodies.delete(key);
      }
    },
  };
}

/** Lets the event loop go on after every so many calls. */
function everySoOften(calls: number): () => Promise<void> {
  let count = 0;
  return async () => {
    count += 1;
    if (count % calls === 0) await new Promise((resolve) => setImmediate(resolve));
  };
}

import type { Digest, HostId } from '@pilothouse/contract';
import { createListeners } from '../listeners.ts';
import type { BodyShelf } from './body-shelf.ts';
import type { FactChange } from './service.ts';

/**
 * Tells listeners of changes once their body is there, so that none of them has to wait for it. A change whose digest was
 * replaced before its body came is never told: nobody could judge it. So at most one change a host and fact waits.
 * What waits is forgotten with the process; listeners look at everything once when they start.
 */
export function createChangeFeed(shelf: BodyShelf) {
  const { tell: tellAll, listen } = createListeners<readonly FactChange[]>();
  const waiting = new Map<string, Map<HostId, FactChange>>();
  const keyOf = (fact: string, digest: Digest) => `${fact} ${digest}`;
  const send = (changes: readonly FactChange[]) => {
    if (changes.length > 0) tellAll(changes);
  };
  const forget = (change: FactChange) => {
    if (change.before === null) return;
    const key = keyOf(change.fact, change.before);
    const hosts = waiting.get(key);
    hosts?.delete(change.hostId);
    if (hosts?.size === 0) waiting.delete(key);
  };

  return {
    tell(changes: readonly FactChange[]) {
      const ready: FactChange[] = [];
      for (const change of changes) {
        forget(change);
        if (change.after === null || shelf.has(change.fact, change.after)) {
          ready.push(change);
          continue;
        }
        const key = keyOf(change.fact, change.after);
        const hosts = waiting.get(key) ?? new Map<HostId, FactChange>();
        waiting.set(key, hosts.set(change.hostId, change));
      }
      send(ready);
    },
    arrived(fact: string, digest: Digest) {
      const changes = [...(waiting.get(keyOf(fact, digest))?.values() ?? [])];
      waiting.delete(keyOf(fact, digest));
      send(changes);
    },
    onChange: listen,
  };
}

import type { HostId } from '@pilothouse/contract';
import type { ServerFrame } from '@pilothouse/wire';

/** One peer on its way in: from before it is looked up until it has a session or is refused. */
export interface Opening {
  /** Of revocations, when it began. */
  readonly count: number;
}

/**
 * Hosts that were revoked while somebody was on the way in: who was looked up before its revocation opens no session
 * after it. Nothing is kept of revocations that are older than whoever is on the way in.
 */
export class RecentRevocations {
  /** In the order of their count, as the openings are. */
  readonly #revoked = new Map<HostId, { readonly last: ServerFrame; readonly count: number }>();
  readonly #openings = new Set<Opening>();
  #count = 0;

  get size(): number {
    return this.#revoked.size;
  }

  begin(): Opening {
    const opening = { count: this.#count };
    this.#openings.add(opening);
    return opening;
  }

  end(opening: Opening): void {
    this.#openings.delete(opening);
    const [oldest] = this.#openings;
    for (const [hostId, { count }] of this.#revoked) {
      if (oldest !== undefined && count > oldest.count) break;
      this.#revoked.delete(hostId);
    }
  }

  note(hostId: HostId, last: ServerFrame): void {
    this.#count += 1;
    this.#revoked.delete(hostId);
    if (this.#openings.size > 0) this.#revoked.set(hostId, { last, count: this.#count });
  }

  /** What a host is told that was revoked after its opening began; null when it was not. */
  since(opening: Opening, hostId: HostId): ServerFrame | null {
    const found = this.#revoked.get(hostId);
    return found !== undefined && found.count > opening.count ? found.last : null;
  }
}

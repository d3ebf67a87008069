import type { SessionPeer } from './open-session.ts';
import type { OutgoingFrame } from './session-frames.ts';

/** What the server's clock said when it opened a session, and what this host's monotonic one did. */
export interface Welcome {
  readonly serverMs: number;
  readonly monotonicMs: number;
}

/** The one place that knows which session is open, for the parts that outlive sessions. */
export class SessionLink {
  #peer: SessionPeer | null = null;
  #url: URL | null = null;
  #openedCount = 0;
  #welcome: Welcome | null = null;
  readonly #waiting = new Set<() => void>();

  /** Of the gateway that holds the session; null without one. */
  get url(): URL | null {
    return this.#url;
  }

  opened(peer: SessionPeer, url: URL, welcome: Welcome): void {
    this.#welcome = welcome;
    this.#peer = peer;
    this.#url = url;
    this.#openedCount += 1;
    for (const tell of this.#waiting) tell();
    this.#waiting.clear();
  }

  /** The latest, also of a session that has ended; null before the first. */
  get welcome(): Welcome | null {
    return this.#welcome;
  }

  /** Sessions that this process has opened. */
  get openedCount(): number {
    return this.#openedCount;
  }

  /** Resolves when more sessions than so many have been opened; never when the signal is aborted first. */
  openedAfter(count: number, signal: AbortSignal): Promise<void> {
    if (this.#openedCount > count) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.add(resolve);
      signal.addEventListener('abort', () => this.#waiting.delete(resolve), { once: true });
    });
  }

  /** Ends the open session, if there is one; the agent opens another, over a new connection. */
  drop(): void {
    this.#peer?.end({ kind: 'closed', wasWelcomed: true });
  }

  closed(): void {
    this.#peer = null;
    this.#url = null;
  }

  /** False when nobody hears it. */
  send(frame: OutgoingFrame): boolean {
    return this.#peer?.send(frame) ?? false;
  }
}

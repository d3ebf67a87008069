import type { SessionPeer } from './open-session.ts';
import type { OutgoingFrame } from './session-frames.ts';

/** The one place that knows which session is open, for the parts that outlive sessions. */
export class SessionLink {
  #peer: SessionPeer | null = null;
  #url: URL | null = null;

  /** Of the gateway that holds the session; null without one. */
  get url(): URL | null {
    return this.#url;
  }

  opened(peer: SessionPeer, url: URL): void {
    this.#peer = peer;
    this.#url = url;
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

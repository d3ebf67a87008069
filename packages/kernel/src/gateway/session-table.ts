import { randomBytes } from 'node:crypto';
import type { Clock } from '@pilothouse/base';
import type { HostId } from '@pilothouse/contract';
import type { AgentFrameOf } from '@pilothouse/wire';
import type { AgentSession } from './agent-session.ts';
import { afterBoot } from './clone-watch.ts';

/** Two machines were seen with one identity. */
export interface CloneSeen {
  readonly hostId: HostId;
  readonly proof: 'challenge' | 'boot-ids';
  readonly sessions: readonly AgentSession[];
}

interface Shadow {
  readonly session: AgentSession;
  readonly nonce: string;
  /** It has answered, so it lives; who took over from it is asked with the second nonce. */
  hasAnswered: boolean;
  readonly secondNonce: string;
  cancel: () => void;
}

interface Slot {
  current: AgentSession | null;
  /** The agent of the current session knows that it has one, and may be asked. */
  isWelcomed: boolean;
  shadow: Shadow | null;
  boots: readonly string[];
}

/** Which session speaks for which host. The rule for a second session stands in clone-watch.ts. */
export class SessionTable {
  readonly #slots = new Map<HostId, Slot>();
  readonly #clock: Clock;
  readonly #challengeDeadlineMs: number;
  readonly #onClone: (seen: CloneSeen) => void;
  #count = 0;

  constructor(options: {
    readonly clock: Clock;
    readonly challengeDeadlineMs: number;
    readonly onClone: (seen: CloneSeen) => void;
  }) {
    this.#clock = options.clock;
    this.#challengeDeadlineMs = options.challengeDeadlineMs;
    this.#onClone = options.onClone;
  }

  get count(): number {
    return this.#count;
  }

  current(hostId: HostId): AgentSession | null {
    return this.#slots.get(hostId)?.current ?? null;
  }

  /** The host's session and, while it lasts, the one before. */
  of(hostId: HostId): AgentSession[] {
    const slot = this.#slots.get(hostId);
    return [slot?.current ?? null, slot?.shadow?.session ?? null].filter((session) => session !== null);
  }

  *all(): Generator<AgentSession> {
    for (const slot of this.#slots.values()) {
      if (slot.current !== null) yield slot.current;
      if (slot.shadow !== null) yield slot.shadow.session;
    }
  }

  /** Makes it the host's session. Returns the one it took over from. */
  take(session: AgentSession): AgentSession | null {
    const slot = this.#slots.get(session.hostId) ?? {
      current: null,
      isWelcomed: false,
      shadow: null,
      boots: [],
    };
    this.#slots.set(session.hostId, slot);
    const old = slot.current;
    slot.current = session;
    slot.isWelcomed = false;
    if (old === null) this.#count += 1;
    else this.#challenge(slot, old);

    const boot = afterBoot(slot.boots, session.hello.bootId);
    slot.boots = boot.history;
    if (boot.hasReturned) {
      this.#onClone({ hostId: session.hostId, proof: 'boot-ids', sessions: [session] });
    }
    return old;
  }

  /** Its agent was told that it is the host's session. */
  welcomed(session: AgentSession): void {
    const slot = this.#slots.get(session.hostId);
    if (slot?.current !== session) return;
    slot.isWelcomed = true;
    if (slot.shadow?.hasAnswered === true) this.#askSecond(slot.shadow, session);
  }

  /** True when it was the host's session, false for a shadow or one that is long forgotten. */
  drop(session: AgentSession): boolean {
    const slot = this.#slots.get(session.hostId);
    if (slot?.shadow?.session === session) this.#forgetShadow(slot);
    if (slot?.current !== session) return false;
    slot.current = null;
    this.#count -= 1;
    // The one that lives has no session, and does not know.
    if (slot.shadow?.hasAnswered === true) slot.shadow.session.cut();
    return true;
  }

  /** A session proves that it lives: the one that was replaced first, then the one that took over. */
  answer(session: AgentSession, frame: AgentFrameOf<'challenge-answer'>): void {
    const slot = this.#slots.get(session.hostId);
    const shadow = slot?.shadow;
    if (slot === undefined || shadow === null || shadow === undefined) return;
    if (session === shadow.session && frame.nonce === shadow.nonce) return this.#shadowLives(slot, shadow);
    const isSecond = session === slot.current && shadow.hasAnswered && frame.nonce === shadow.secondNonce;
    if (!isSecond) return;
    shadow.cancel();
    this.#onClone({ hostId: session.hostId, proof: 'challenge', sessions: [shadow.session, session] });
  }

  /** After a release: the table starts anew with this host, and a clone that still lives is seen again. */
  forgive(hostId: HostId): void {
    const slot = this.#slots.get(hostId);
    if (slot === undefined) return;
    slot.boots = slot.current === null ? [] : [slot.current.hello.bootId];
    const shadow = slot.shadow?.session;
    this.#forgetShadow(slot);
    shadow?.cut();
  }

  #challenge(slot: Slot, old: AgentSession): void {
    const older = slot.shadow?.session;
    this.#forgetShadow(slot);
    older?.cut();
    if (!old.isOpen) return;
    const [nonce, secondNonce] = [newNonce(), newNonce()];
    const cancel = this.#clock.after(this.#challengeDeadlineMs, () => old.cut());
    slot.shadow = { session: old, nonce, secondNonce, hasAnswered: false, cancel };
    if (old.send({ kind: 'challenge', nonce }) !== 'sent') old.cut();
  }

  #shadowLives(slot: Slot, shadow: Shadow): void {
    if (shadow.hasAnswered) return;
    shadow.hasAnswered = true;
    shadow.cancel();
    const { current } = slot;
    if (current === null) return shadow.session.cut();
    shadow.cancel = this.#clock.after(this.#challengeDeadlineMs, () => {
      shadow.session.cut();
      if (slot.current === current) current.cut();
    });
    if (slot.isWelcomed) this.#askSecond(shadow, current);
  }

  #askSecond(shadow: Shadow, current: AgentSession): void {
    if (current.send({ kind: 'challenge', nonce: shadow.secondNonce }) !== 'sent') current.cut();
  }

  #forgetShadow(slot: Slot): void {
    slot.shadow?.cancel();
    slot.shadow = null;
  }
}

const newNonce = (): string => randomBytes(16).toString('hex');

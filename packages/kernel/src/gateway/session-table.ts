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

interface Slot {
  current: AgentSession | null;
  shadow: { readonly session: AgentSession; readonly nonce: string; cancel: () => void } | null;
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
    const slot = this.#slots.get(session.hostId) ?? { current: null, shadow: null, boots: [] };
    this.#slots.set(session.hostId, slot);
    const old = slot.current;
    slot.current = session;
    if (old === null) this.#count += 1;
    else this.#challenge(slot, old);

    const boot = afterBoot(slot.boots, session.hello.bootId);
    slot.boots = boot.history;
    if (boot.hasReturned) {
      this.#onClone({ hostId: session.hostId, proof: 'boot-ids', sessions: [session] });
    }
    return old;
  }

  /** True when it was the host's session, false for a shadow or one that is long forgotten. */
  drop(session: AgentSession): boolean {
    const slot = this.#slots.get(session.hostId);
    if (slot?.shadow?.session === session) this.#forgetShadow(slot);
    if (slot?.current !== session) return false;
    slot.current = null;
    this.#count -= 1;
    return true;
  }

  /** A session that is no longer the host's own proves that it lives. */
  answer(session: AgentSession, frame: AgentFrameOf<'challenge-answer'>): void {
    const slot = this.#slots.get(session.hostId);
    if (slot?.shadow?.session !== session || slot.shadow.nonce !== frame.nonce) return;
    slot.shadow.cancel();
    const sessions = slot.current === null ? [session] : [session, slot.current];
    this.#onClone({ hostId: session.hostId, proof: 'challenge', sessions });
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
    const nonce = randomBytes(16).toString('hex');
    const cancel = this.#clock.after(this.#challengeDeadlineMs, () => old.cut());
    slot.shadow = { session: old, nonce, cancel };
    if (old.send({ kind: 'challenge', nonce }) !== 'sent') old.cut();
  }

  #forgetShadow(slot: Slot): void {
    slot.shadow?.cancel();
    slot.shadow = null;
  }
}

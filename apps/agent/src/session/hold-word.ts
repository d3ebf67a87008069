import { watch } from 'node:fs';
import { basename } from 'node:path';
import type { DataDirectory } from '../data-directory.ts';
import type { SessionPeer } from './open-session.ts';

export interface HoldWord {
  /** What the hello says. */
  hello(): boolean;
  opened(peer: SessionPeer): void;
  beat(peer: SessionPeer): void;
  closed(): void;
}

/**
 * Tells the server of a session whether this host is held: in the hello, and as soon as somebody holds or releases it.
 * `told` is called with what the server knows, when it knows it first and whenever that changes.
 */
export function createHoldWord(world: {
  readonly data: DataDirectory;
  readonly isHeld: () => boolean;
  readonly told: (isHeld: boolean) => void;
}): HoldWord {
  let toldHeld = false;
  let stopWatching = (): void => {};
  const tell = (peer: SessionPeer): void => {
    const isHeld = world.isHeld();
    if (isHeld === toldHeld || !peer.send({ kind: 'hold-changed', isHeld })) return;
    toldHeld = isHeld;
    world.told(isHeld);
  };
  return {
    hello() {
      toldHeld = world.isHeld();
      return toldHeld;
    },
    opened(peer) {
      world.told(toldHeld);
      stopWatching = watchHold(world.data, () => tell(peer));
      tell(peer);
    },
    beat: tell,
    closed: () => stopWatching(),
  };
}

/** Where the kernel has no watches left, the heartbeat finds out. */
function watchHold(data: DataDirectory, changed: () => void): () => void {
  const name = basename(data.hold);
  try {
    const watcher = watch(data.path, { persistent: false }, (_, file) => {
      if (file === name) changed();
    });
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => {};
  }
}

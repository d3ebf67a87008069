import type { Clock } from '@pilothouse/base';
import type { Log } from '../log.ts';
import type { Reconciler } from './server-plugin.ts';

export interface ReconcilerWorld {
  readonly clock: Clock;
  readonly log: Log;
  readonly ended: (name: string, outcome: 'ok' | 'failed', seconds: number) => void;
}

export interface RunningReconcilers {
  /** Runs one soon; while it runs, once more afterwards. */
  signal(name: string): void;
  /** Starts no more and waits for those that run. */
  close(): Promise<void>;
}

/**
 * Keeps reconcilers running: each at once, then by its interval and by signal, never twice at the same time. A failure
 * is logged and the next round tries again; since a reconciler is idempotent and takes no input, nothing is lost by it.
 */
export function runReconcilers(
  world: ReconcilerWorld,
  reconcilers: readonly Reconciler[],
): RunningReconcilers {
  const loops = new Map(reconcilers.map((reconciler) => [reconciler.name, createLoop(world, reconciler)]));
  for (const loop of loops.values()) loop.signal();
  return {
    signal: (name) => loops.get(name)?.signal(),
    async close() {
      await Promise.all([...loops.values()].map((loop) => loop.close()));
    },
  };
}

function createLoop(world: ReconcilerWorld, reconciler: Reconciler) {
  let running: Promise<void> | null = null;
  let isWanted = false;
  let isClosed = false;

  const round = async (): Promise<void> => {
    while (isWanted && !isClosed) {
      isWanted = false;
      const startedAt = world.clock.monotonic();
      const outcome = await runOnce(world.log, reconciler);
      world.ended(reconciler.name, outcome, (world.clock.monotonic() - startedAt) / 1000);
    }
    running = null;
  };
  const signal = (): void => {
    isWanted = true;
    if (!isClosed) running ??= round();
  };
  const cancel = world.clock.every(reconciler.intervalMs, signal);
  return {
    signal,
    async close(): Promise<void> {
      isClosed = true;
      cancel();
      await running;
    },
  };
}

async function runOnce(log: Log, reconciler: Reconciler): Promise<'ok' | 'failed'> {
  try {
    await reconciler.run();
    return 'ok';
  } catch (error) {
    log.error('reconciler failed', { reconciler: reconciler.name, error });
    return 'failed';
  }
}

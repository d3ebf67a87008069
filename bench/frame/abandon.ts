/**
 * The end of a benchmark by a signal. Servers and hosts are processes of their own, and a lab is namespaces and mounts: none of
 * them would end with this process.
 */
import { childrenOf } from './process-usage.ts';

const undone = new Set<() => Promise<void>>();

/** What is to be undone when the benchmark is abandoned; the returned function says that it has been. */
export function undoWhenAbandoned(undo: () => Promise<void>): () => void {
  undone.add(undo);
  return () => void undone.delete(undo);
}

/** On the first Ctrl-C or SIGTERM ends all that was started, undoes the rest and exits; a second one finds nobody who asks. */
export function abandonOnSignals(say: (text: string) => void): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      say(`${signal}: what was started ends`);
      abandon().then(
        () => process.exit(1),
        (cause: unknown) => {
          say(`not all of it could be undone: ${String(cause)}`);
          process.exit(1);
        },
      );
    });
}

async function abandon(): Promise<void> {
  endBelow(process.pid);
  for (const undo of [...undone].reverse()) await undo();
}

function endBelow(pid: number): void {
  for (const child of childrenOf(pid)) {
    endBelow(child);
    try {
      process.kill(child, 'SIGKILL');
    } catch {
      // It ended by itself meanwhile.
    }
  }
}

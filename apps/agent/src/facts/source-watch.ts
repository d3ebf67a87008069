import type { Collector } from '@pilothouse/agent-kit';

/**
 * Notices that the files behind a fact changed, by their times alone: a few `stat` calls cost nothing, and work on every
 * file system, which notification services do not. A change counts once it has rested from one look to the next, so that a
 * package database is not read in the middle of an installation.
 */
export interface SourceWatch {
  /** Names of the facts whose sources changed and have come to rest since they were last named. */
  look(): string[];
}

export function createSourceWatch(
  collectors: readonly Collector[],
  modifiedAt: (path: string) => number | null,
): SourceWatch {
  const signatureOf = (collector: Collector): string =>
    (collector.sources ?? []).map((path) => modifiedAt(path) ?? '-').join(' ');
  const watched = collectors
    .filter((collector) => (collector.sources ?? []).length > 0)
    .map((collector) => ({ collector, named: signatureOf(collector), previous: signatureOf(collector) }));
  return {
    look() {
      const changed: string[] = [];
      for (const state of watched) {
        const now = signatureOf(state.collector);
        if (now !== state.named && now === state.previous) {
          state.named = now;
          changed.push(state.collector.fact.name);
        }
        state.previous = now;
      }
      return changed;
    },
  };
}

import type { FactOffer } from './fact-collection.ts';

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
  facts: readonly Pick<FactOffer, 'name' | 'sources'>[],
  signatureOf: (path: string) => string,
): SourceWatch {
  const together = (sources: readonly string[]): string => sources.map(signatureOf).join('\n');
  const watched = facts
    .filter(({ sources }) => sources.length > 0)
    .map(({ name, sources }) => {
      const signature = together(sources);
      return { name, sources, named: signature, previous: signature };
    });
  return {
    look() {
      const changed: string[] = [];
      for (const state of watched) {
        const now = together(state.sources);
        if (now !== state.named && now === state.previous) {
          state.named = now;
          changed.push(state.name);
        }
        state.previous = now;
      }
      return changed;
    },
  };
}

import { type Collector, collectFact, createHostAccess, type FactReading } from '@pilothouse/agent-kit';
import type { Clock } from '@pilothouse/base';
import type { FactBodies } from './fact-bodies.ts';
import type { FactCollection, FactOffer, FoundFact } from './fact-collection.ts';

/** Collects in this process. Every byte a collector reads passes through its memory, so a process that stays does not. */
export function collectHere(
  collectors: readonly Collector[],
  { bodies, clock }: { readonly bodies: FactBodies; readonly clock: Clock },
): FactCollection {
  const stopped = new AbortController();
  const host = (signal: AbortSignal) =>
    createHostAccess({ signal: AbortSignal.any([signal, stopped.signal]) });
  return {
    async collect(names, { offered, found }) {
      offered(collectors.map(offerOf));
      for (const collector of collectors) {
        if (stopped.signal.aborted || (names !== null && !names.includes(collector.fact.name))) continue;
        found(kept(await collectFact(collector, { clock, host }), bodies));
      }
    },
    stop() {
      stopped.abort(new Error('the collection was stopped'));
    },
  };
}

const offerOf = ({ fact, timeoutMs, sources = [] }: Collector): FactOffer => ({
  name: fact.name,
  isShared: fact.isShared,
  intervalMs: fact.intervalMs,
  timeoutMs,
  sources,
});

function kept({ report, text }: FactReading, bodies: FactBodies): FoundFact {
  if (report.kind === 'absent' || text === null) return { report, text: null };
  return { report, text: bodies.put(report.fact, text) ? null : text };
}

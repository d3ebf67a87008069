import { type Digest, digestOfText, type FactReport } from '@pilothouse/contract';

/** What a simulated host says of itself: canonical JSON by fact. Hosts of one build may share one object. */
export type SimulatedFacts = ReadonlyMap<string, SimulatedBody>;

export interface SimulatedBody {
  readonly text: string;
  readonly digest: Digest;
}

export const simulatedBody = (text: string): SimulatedBody => ({ text, digest: digestOfText(text) });

/** Those the server does not hold for this host yet, or all of them. */
export function reportsOf(facts: SimulatedFacts, known: Readonly<Record<string, Digest>> = {}): FactReport[] {
  return [...facts]
    .filter(([fact, { digest }]) => known[fact] !== digest)
    .map(([fact, { text, digest }]) => ({
      kind: 'present',
      fact,
      digest,
      sizeBytes: Buffer.byteLength(text),
      unknownLines: 0,
    }));
}

export function bodiesWanted(facts: SimulatedFacts, digests: readonly Digest[]): Map<Digest, string> {
  const wanted = new Set(digests);
  const bodies = new Map<Digest, string>();
  for (const { text, digest } of facts.values()) if (wanted.has(digest)) bodies.set(digest, text);
  return bodies;
}

import { type Digest, digestOfText, type FactReport } from '@pilothouse/contract';
import { FACT_INLINE_CHARS_MAX } from '@pilothouse/wire';

/** What a simulated host says of itself: canonical JSON by fact. Hosts of one build may share one object. */
export type SimulatedFacts = ReadonlyMap<string, SimulatedBody>;

export interface SimulatedBody {
  readonly text: string;
  readonly digest: Digest;
  /** It is this host's own, and travels with its report when it is small. */
  readonly isOwn: boolean;
}

export const simulatedBody = (text: string, isOwn = false): SimulatedBody => ({
  text,
  digest: digestOfText(text),
  isOwn,
});

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

/** The texts that travel with these reports. */
export function bodiesAlong(facts: SimulatedFacts, reports: readonly FactReport[]): string[] {
  return reports.flatMap(({ fact }) => {
    const body = facts.get(fact);
    return body?.isOwn === true && body.text.length <= FACT_INLINE_CHARS_MAX ? [body.text] : [];
  });
}

export function bodiesWanted(facts: SimulatedFacts, digests: readonly Digest[]): Map<Digest, string> {
  const wanted = new Set(digests);
  const bodies = new Map<Digest, string>();
  for (const { text, digest } of facts.values()) if (wanted.has(digest)) bodies.set(digest, text);
  return bodies;
}

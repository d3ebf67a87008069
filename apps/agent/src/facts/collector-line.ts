import { FACT_BODY_BYTES_MAX, FACTS_PER_HOST_MAX, FactName, FactReport } from '@pilothouse/contract';
import { z } from 'zod';

/** A body as a JSON string in a line: every quote in it takes a backslash. */
export const LINE_BYTES_MAX = 2 * FACT_BODY_BYTES_MAX + 64 * 1024;

/** What the collecting process writes, one JSON object a line: first the facts there are, then each as it is found. */
export const CollectorLine = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('offered'),
    facts: z
      .array(
        z.object({
          name: FactName,
          isShared: z.boolean(),
          intervalMs: z.number().min(1),
          timeoutMs: z.number().min(1),
          sources: z.array(z.string()),
        }),
      )
      .max(FACTS_PER_HOST_MAX),
  }),
  z.object({ kind: z.literal('found'), report: FactReport, text: z.string().nullable() }),
]);
export type CollectorLine = z.infer<typeof CollectorLine>;

/** Null for what is no such line. */
export function parseCollectorLine(text: string): CollectorLine | null {
  try {
    return CollectorLine.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    // Not JSON; the reader ends the process that wrote it.
    return null;
  }
}

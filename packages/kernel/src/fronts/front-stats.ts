import { z } from 'zod';

/** What a front says of itself every few seconds. */
export const FrontStats = z.object({
  pid: z.number().int(),
  handshakes: z.object({ full: z.number(), resumed: z.number(), failed: z.number() }),
  /** Requests and agents that wait for a leader. */
  waiting: z.number(),
  requests: z.number(),
  cpuSeconds: z.number(),
  residentBytes: z.number(),
});
export type FrontStats = z.infer<typeof FrontStats>;

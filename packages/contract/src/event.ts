import { z } from 'zod';
import { HostId } from './host-id.ts';
import { JsonObject, Timestamp } from './scalars.ts';

/** Something that happened. `cursor` only grows; a client resumes after the last one it saw. */
export const Event = z.object({
  cursor: z.number().int(),
  type: z.string().regex(/^[a-z][a-z-]*\.[a-z][a-z-]*$/),
  at: Timestamp,
  /** Null for what concerns no single host. Readers see only events of hosts in their scope. */
  hostId: HostId.nullable(),
  data: JsonObject,
});
export type Event = z.infer<typeof Event>;

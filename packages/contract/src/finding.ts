import { z } from 'zod';
import { HostId } from './host-id.ts';
import type { Message } from './message.ts';
import { JsonObject, Timestamp } from './scalars.ts';

export const Severity = z.enum(['info', 'low', 'medium', 'high', 'critical']);
export type Severity = z.infer<typeof Severity>;

/** A kind of thing that can be wrong. `title` may use the evidence's fields. */
export interface FindingSpec {
  readonly kind: string;
  readonly severity: Severity;
  readonly title: Message;
  readonly hint: Message;
  /** Name of the action that would remedy it; null when a person has to. */
  readonly remedy: string | null;
  /** True: budgets count a host with such a finding as down. */
  readonly meansDown?: true;
}

export const defineFinding = (spec: FindingSpec): FindingSpec => spec;

/** `kind`, host and `key` together name one finding: raising it again moves `lastSeen`. */
export const Finding = z.object({
  id: z.string(),
  kind: z.string(),
  /** Null: about the fleet or a service, not one host. */
  hostId: HostId.nullable(),
  /** Tells findings of one kind on one host apart: a mount point, a unit. May be empty. */
  key: z.string().max(256),
  severity: Severity,
  state: z.enum(['open', 'acknowledged', 'resolved']),
  evidence: JsonObject,
  /** Since when it is wrong; of one that was resolved and came back, since then. */
  firstSeen: Timestamp,
  lastSeen: Timestamp,
  resolvedAt: Timestamp.nullable(),
  acknowledgement: z
    .object({ by: z.string(), at: Timestamp, reason: z.string().max(500), until: Timestamp })
    .nullable(),
  etag: z.string(),
});
export type Finding = z.infer<typeof Finding>;

import { z } from 'zod';
import { RuleName } from './budget.ts';
import { Timestamp } from './scalars.ts';

/** Receivers of one e-mail channel. */
const RECEIVERS_MAX = 50;
const timeoutMs = z.number().int().min(1000).max(60_000).default(10_000);
/** Certificates to trust beside the system's, PEM: for receivers with a certificate of the house. */
const caPem = z.string().max(64_000).nullable().default(null);

/** Where a channel leads, as people set it up. `secret` and `password` absent: as they were. */
export const ChannelSettings = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('webhook'),
    url: z.url({ protocol: /^https?$/ }).max(2048),
    /** Signs the bodies; null: they are not signed. */
    secret: z.string().min(16).max(256).nullable().optional(),
    timeoutMs,
    caPem,
  }),
  z.object({
    kind: z.literal('email'),
    host: z.string().min(1).max(253),
    port: z.number().int().min(1).max(65_535).default(587),
    /** implicit: TLS from the first byte · starttls: TLS or nothing is sent · none: in the clear. */
    tls: z.enum(['implicit', 'starttls', 'none']).default('starttls'),
    from: z.email().max(320),
    to: z.array(z.email().max(320)).min(1).max(RECEIVERS_MAX),
    user: z.string().min(1).max(320).nullable().default(null),
    password: z.string().min(1).max(1024).nullable().optional(),
    timeoutMs,
    caPem,
  }),
]);
export type ChannelSettings = z.infer<typeof ChannelSettings>;

/** A channel as it is shown: secrets are never read back, and of a URL, which may hold one, only where it leads. */
export const Channel = z.object({
  name: RuleName,
  kind: z.enum(['webhook', 'email']),
  /** `https://hooks.example`, or `smtp.example:587`. */
  address: z.string(),
  /** Empty for a webhook. */
  to: z.array(z.string()),
  hasSecret: z.boolean(),
  changedBy: z.string(),
  changedAt: Timestamp,
  etag: z.string(),
});
export type Channel = z.infer<typeof Channel>;

/** One message on its way. dead: it was given up; a person may send it again. */
export const Delivery = z.object({
  id: z.string(),
  channel: z.string(),
  subject: z.string(),
  state: z.enum(['queued', 'delivered', 'dead']),
  attempts: z.number().int(),
  createdAt: Timestamp,
  /** When it is tried next; null when it has ended. */
  nextAt: Timestamp.nullable(),
  endedAt: Timestamp.nullable(),
  /** What went wrong last; null: nothing yet. */
  error: z.string().nullable(),
});
export type Delivery = z.infer<typeof Delivery>;

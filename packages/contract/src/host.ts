import { z } from 'zod';
import { HostId, HostName } from './host-id.ts';
import { Labels } from './labels.ts';
import { Timestamp } from './scalars.ts';
import { Vitals } from './vitals.ts';

/** pending: waits for a person to accept it. quarantined: sends, but is offered nothing. decommissioned: history only. */
export const HostState = z.enum(['pending', 'active', 'quarantined', 'decommissioned']);
export type HostState = z.infer<typeof HostState>;

/** `never`: enrolled, and no session yet. */
export const PresenceKind = z.enum(['online', 'offline', 'never']);
export type PresenceKind = z.infer<typeof PresenceKind>;

export const Maintenance = z.object({
  since: Timestamp,
  by: z.string(),
  reason: z.string().max(500),
  /** Null: until a person ends it. */
  until: Timestamp.nullable(),
});
export type Maintenance = z.infer<typeof Maintenance>;

/** One Linux machine under an agent, as the registry knows it. Names need not be unique; ids are. */
export const Host = z.object({
  id: HostId,
  name: HostName,
  state: HostState,
  presence: z.object({ kind: PresenceKind, since: Timestamp }),
  maintenance: Maintenance.nullable(),
  quarantine: z.object({ since: Timestamp, reason: z.enum(['clone', 'operator', 'hostile']) }).nullable(),
  labels: Labels,
  /** Paths of the groups that hold this host. */
  groups: z.array(z.string()),
  /** The address the gateway saw. Null until the first session. */
  address: z.string().nullable(),
  agentVersion: z.string().nullable(),
  arch: z.string().nullable(),
  os: z.object({ id: z.string(), versionId: z.string(), prettyName: z.string() }).nullable(),
  bootId: z.string().nullable(),
  firstSeen: Timestamp,
  lastSeen: Timestamp.nullable(),
  vitals: Vitals.nullable(),
  /** Version of this record for If-Match. */
  etag: z.string(),
});
export type Host = z.infer<typeof Host>;

import { z } from 'zod';
import { Labels } from './labels.ts';
import { Timestamp } from './scalars.ts';

export const HostId = z
  .string()
  .regex(/^h_[0-9a-hjkmnp-tv-z]{18}$/, 'must be the id of a host, such as h_0k3v9d2qa7m8f4q7xz');
export type HostId = z.infer<typeof HostId>;

export const HostName = z
  .string()
  .regex(
    /^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,251}[a-zA-Z0-9])?$/,
    'must be a host name: letters, digits, dots and hyphens',
  );

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

/** Light measures on each heartbeat. Ratios are 0..1; `load1` is the kernel's one-minute load average. */
export const Vitals = z.object({
  at: Timestamp,
  load1: z.number().min(0),
  memoryUsedRatio: z.number().min(0).max(1),
  /** The fullest local file system. */
  diskUsedRatio: z.number().min(0).max(1),
  /** PSI `some avg10` in percent; null where the kernel has no PSI. */
  pressureCpu: z.number().min(0).nullable(),
  pressureMemory: z.number().min(0).nullable(),
  pressureIo: z.number().min(0).nullable(),
  uptimeSeconds: z.number().min(0),
  bootId: z.string().max(64),
});
export type Vitals = z.infer<typeof Vitals>;

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

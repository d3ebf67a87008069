import { SignedTrustBundle } from '@pilothouse/contract';
import { z } from 'zod';

/** The gateway's HTTPS side. `enrol` and `trust` need no client certificate; uploads need the host's own. */
export const GATEWAY_PATHS = {
  enrol: '/agent/v1/enrol',
  session: '/agent/v1/session',
  /**
   * GET …/trust?after={version}: TrustAnswer. Public, and safe to read from a server whose certificate cannot be judged
   * yet: each bundle is signed by a key of the one before. So a host that slept through a rotation finds its way back.
   */
  trust: '/agent/v1/trust',
  /** PUT …/facts/{digest}: canonical JSON of a fact body, `content-encoding: zstd | gzip | identity`. */
  facts: '/agent/v1/facts',
  /** PUT …/outputs/{digest}: canonical JSON of an OutputBody. */
  outputs: '/agent/v1/outputs',
} as const;

export const EnrolRequest = z.object({
  secret: z.string().min(16).max(128),
  csr: z.string().max(8192),
  hostName: z.string().min(1).max(253),
  arch: z.string().max(32),
  /** /etc/machine-id: lets the server offer "replace" for a reinstalled or a second enrolment. */
  machineId: z.string().max(64),
  bootId: z.string().max(64),
  agentVersion: z.string().max(64),
});
export type EnrolRequest = z.infer<typeof EnrolRequest>;

export const EnrolResponse = z.object({
  hostId: z.string(),
  /** pending: a person has to accept this host before anything is offered to it. */
  state: z.enum(['active', 'pending']),
  chain: z.array(z.string().max(8192)).min(1).max(4),
  trust: SignedTrustBundle,
});
export type EnrolResponse = z.infer<typeof EnrolResponse>;

export const TrustAnswer = z.object({ bundles: z.array(SignedTrustBundle).max(64) });
export type TrustAnswer = z.infer<typeof TrustAnswer>;

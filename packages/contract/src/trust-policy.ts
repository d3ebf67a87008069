import { z } from 'zod';
import { ActionAllowance } from './parameter-constraint.ts';
import { Digest, Timestamp } from './scalars.ts';

export const OPERATORS_MAX = 64;

/** A person's own Ed25519 key. `publicKey` is its 32 bytes in base64; `keyId` the first 16 hex digits of their SHA-256. */
export const Operator = z.strictObject({
  keyId: z.string().regex(/^[0-9a-f]{16}$/),
  publicKey: z.base64().length(44),
  /** Whose it is. Two keys of one name count as one person. */
  name: z.string().min(1).max(128),
  /** From then on its signatures count for nothing. */
  notAfter: Timestamp,
  /** What a policy may ask for beside a count: `dba`, `security`. */
  groups: z.array(z.string().min(1).max(64)).max(16).optional(),
});
export type Operator = z.infer<typeof Operator>;

/** So many distinct people, and among them so many of each group named. */
export const SignaturesWanted = z.union([
  z.number().int().min(0).max(OPERATORS_MAX),
  z.strictObject({
    count: z.number().int().min(0).max(OPERATORS_MAX),
    ofGroups: z.record(z.string().min(1).max(64), z.number().int().min(1).max(OPERATORS_MAX)),
  }),
]);
export type SignaturesWanted = z.infer<typeof SignaturesWanted>;

/**
 * Whose signatures a host needs before it does anything: a file on the host that no server can change. In `default` the
 * server's own signature is enough; in `strict` it is only the postman's.
 */
export const TrustPolicy = z.strictObject({
  version: z.literal(1),
  mode: z.enum(['default', 'strict']),
  operators: z.array(Operator).max(OPERATORS_MAX),
  /** By effect class, as the agent itself judges it; arbitrary code counts as destructive. Only `read` may need none. */
  signatures: z.strictObject({
    read: SignaturesWanted,
    reversible: SignaturesWanted,
    disruptive: SignaturesWanted,
    destructive: SignaturesWanted,
  }),
  /** What needs no signature of an operator here. */
  allow: z.array(ActionAllowance).max(64),
  mandates: z.enum(['accept', 'refuse']),
  /** Mandates that no longer count on this host, by digest. */
  revokedMandates: z.array(Digest).max(1000).optional(),
});
export type TrustPolicy = z.infer<typeof TrustPolicy>;

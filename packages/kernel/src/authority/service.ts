import type { Authority, Digest, Plan } from '@pilothouse/contract';

/** What a plan still lacks before it may start. */
export interface MissingAuthority {
  readonly approvals: { readonly required: number; readonly given: number };
}

/** Who said yes to a plan: approvals by people on this server, and signatures by their own keys, which hosts verify. */
export interface AuthorityService {
  /** Null: nothing is missing. */
  missingFor(plan: Plan): Promise<MissingAuthority | null>;
  /** The signatures that travel with every envelope of the plan; undefined: none. */
  authorityOf(planDigest: Digest): Promise<Authority | undefined>;
  /** An approval or a signature came or went for this plan. Returns the way to stop listening. */
  onChanged(listener: (planDigest: Digest) => void): () => void;
}

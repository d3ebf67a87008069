import type { Authority, Digest, Plan, PlanAuthority } from '@pilothouse/contract';
import type { Principal } from '../access/service.ts';

/** What a plan still lacks before it may start. */
export interface MissingAuthority {
  readonly approvals: { readonly required: number; readonly given: number };
}

/** Who asks, in which request. */
export interface AuthorityAsker {
  readonly principal: Principal;
  readonly requestId: string | null;
}

/** Who said yes to a plan: approvals by people on this server, and signatures by their own keys, which hosts verify. */
export interface AuthorityService {
  /** Null: nothing is missing. */
  missingFor(plan: Plan): Promise<MissingAuthority | null>;
  /** The signatures that travel with every envelope of the plan; undefined: none. */
  authorityOf(planDigest: Digest): Promise<Authority | undefined>;
  /**
   * An approval or a signature came or went for this plan; null: somebody's rights or the standing rules may have changed, so
   * any plan's approvals may count, or suffice, or not. Returns the way to stop listening.
   */
  onChanged(listener: (planDigest: Digest | null) => void): () => void;
}

/** The same with what plans under mandates need: a schedule names one, and puts each plan that it makes under it. */
export interface AuthorityBook extends AuthorityService {
  /** Accounts or roles are others than before. */
  rightsChanged(): void;
  /** AppError NOT_FOUND, MANDATE_OVER: for whoever names a mandate for later. */
  requireMandate(principal: Principal, mandateId: Digest): Promise<void>;
  /**
   * AppError NOT_FOUND, PLAN_EXPIRED, MANDATE_OVER, MANDATE_NOT_SIGNED, MANDATE_NOT_COVERING, or what starting the plan
   * would take.
   */
  useMandate(asker: AuthorityAsker, planDigest: Digest, mandateId: Digest): Promise<PlanAuthority>;
}

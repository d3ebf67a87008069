import type { Principal } from '../access/service.ts';

/** Somebody whose rights are used when nobody is signed in. */
export interface Delegate {
  readonly userId: string;
  readonly userName: string;
  /** Roles that it is held to, as an API token may be; null: all that the person has then. */
  readonly roles: readonly string[] | null;
}

/** Who stands behind work that is done later. */
export interface Delegates {
  /** Null: nobody's account is behind it. */
  delegateOf(principal: Principal): Delegate | null;
  /** With the rights that it has at this moment; null when the account is gone or disabled. */
  principalOf(delegate: Delegate): Promise<Principal | null>;
}

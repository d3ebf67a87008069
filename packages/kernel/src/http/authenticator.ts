import type { Principal } from '../access/service.ts';

export interface Credentials {
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
}

export interface Authenticated {
  readonly principal: Principal;
  readonly by: 'cookie' | 'token';
}

/** What the http room asks of the access room. */
export interface Authenticator {
  /** Null: no credentials, or a session that ended. AppError TOKEN_INVALID for a bearer token that is not good. */
  authenticate(credentials: Credentials): Promise<Authenticated | null>;
  /** For public routes: nobody, who may do nothing. */
  readonly nobody: Principal;
}

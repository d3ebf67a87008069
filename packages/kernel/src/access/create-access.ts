import type { PermissionSpec } from '@pilothouse/contract';
import type { AuditService } from '../audit/service.ts';
import type { SelectorInUse } from '../hosts/service.ts';
import type { Authenticator, Endpoint } from '../http/index.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { Delegates } from '../schedules/service.ts';
import type { SelectService } from '../select/service.ts';
import type { AccessParts } from './access-deps.ts';
import { createAuthentication } from './authenticate.ts';
import { createDelegates } from './delegates.ts';
import { accessEndpoints } from './endpoints.ts';
import { createIdentities } from './identities.ts';
import { createOidc, type OidcSettings } from './oidc.ts';
import { createPasswords } from './passwords.ts';
import { createRoleBook } from './role-book.ts';
import { createRoles } from './roles.ts';
import { createSetup } from './setup.ts';
import { createSignIn } from './sign-in.ts';
import { createTokens } from './tokens.ts';
import { createUsers } from './users.ts';

export interface AccessDependencies {
  readonly audit: Pick<AuditService, 'append'>;
  readonly select: Pick<SelectService, 'compileScope'>;
  readonly permissions: ReadonlyMap<string, PermissionSpec>;
  /** Null: local accounts alone. */
  readonly oidc: OidcSettings | null;
  /** Called after a commit that may have taken rights from somebody. */
  readonly rightsChanged: () => void;
}

export interface Access {
  /** Who stands behind what is done later. */
  readonly delegates: Delegates;
  readonly authenticator: Authenticator;
  readonly endpoints: readonly Endpoint[];
  /** Of the scopes of roles. */
  selectors(): readonly SelectorInUse[];
  /** A one-time code for the first administrator; null when there is one. */
  newSetupCode(): Promise<string | null>;
  forgetOldSessions(): Promise<void>;
}

/** Reads the roles; its tables must be there. */
export async function createAccess(
  context: KernelContext,
  dependencies: AccessDependencies,
): Promise<Access> {
  const roleBook = createRoleBook({ context, ...dependencies });
  await roleBook.load();
  const parts: AccessParts = { context, ...dependencies, passwords: createPasswords(), roles: roleBook };
  const tokens = createTokens(parts);
  const signIn = createSignIn(parts, tokens);
  const setup = createSetup(parts, signIn);
  const identities = createIdentities(parts);
  const authentication = createAuthentication(parts, identities);
  const endpoints = accessEndpoints({
    parts,
    authentication,
    tokens,
    signIn,
    setup,
    users: createUsers(parts),
    roles: createRoles(parts),
    oidc: createOidc(parts, signIn, dependencies.oidc),
  });
  return {
    delegates: createDelegates(parts, identities),
    authenticator: authentication,
    endpoints,
    selectors: () =>
      [...roleBook.roles.values()].flatMap(({ name, grants }) =>
        grants.map(({ hosts }) => ({ user: `role:${name}`, selector: hosts, isScope: true as const })),
      ),
    newSetupCode: () => setup.newCode(),
    forgetOldSessions: () => signIn.forgetOldSessions(),
  };
}

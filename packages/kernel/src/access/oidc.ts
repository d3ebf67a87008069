import { createHash } from 'node:crypto';
import { MINUTE_MS } from '@pilothouse/base';
import { type Actor, AppError, UserName } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import * as client from 'openid-client';
import type { AccessParts } from './access-deps.ts';
import { hashSecret } from './secrets.ts';
import type { SignedIn, SignIn, SignInRequest } from './sign-in.ts';
import { oidcLoginStore, type UserRow, userStore } from './store.ts';
import { insertUser, newUserRow } from './users.ts';

/**
 * Sign-in by an OpenID Connect provider: authorization code with PKCE, state and nonce, endpoints by discovery.
 *
 * The provider says who somebody is and which groups they are in; `rolesByGroup` says what that means here. Roles are set
 * anew at each sign-in, so leaving a group takes effect at the next one; sessions are short for that reason. A person is
 * known by (issuer, subject), never by name: a name at the provider gives no claim to a local account of the same name.
 * The state is bound to the browser by a cookie, or else anybody could finish their own sign-in in another's browser.
 */
export interface OidcSettings {
  readonly issuer: string;
  readonly clientId: string;
  /** Null: a public client. */
  readonly clientSecret: string | null;
  /** Our callback as the provider knows it: `https://pilothouse.example:7443/api/v1/oidc/callback`. */
  readonly redirectUrl: string;
  readonly scope: string;
  readonly nameClaim: string;
  readonly groupsClaim: string;
  readonly rolesByGroup: Readonly<Record<string, readonly string[]>>;
}

export interface OidcStart {
  readonly location: string;
  readonly cookie: string;
}

export interface Oidc {
  start(address: string): Promise<OidcStart>;
  /** `query` is the callback's query as it came; `state` the cookie's value. */
  finish(query: string, state: string | null, request: SignInRequest): Promise<SignedIn>;
}

export const OIDC_COOKIE = '__Host-pilothouse-oidc';
const LOGIN_MS_MAX = 10 * MINUTE_MS;
const CAUSES_MAX = 5;
export const endedOidcCookie = `${OIDC_COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0`;

export function createOidc(parts: AccessParts, signIn: SignIn, settings: OidcSettings | null): Oidc {
  const { store, clock } = parts.context;
  let discovered: Promise<client.Configuration> | null = null;

  const configuration = async (): Promise<[client.Configuration, OidcSettings]> => {
    if (settings === null) throw new AppError('OIDC_OFF');
    discovered ??= discover(settings);
    try {
      return [await discovered, settings];
    } catch (cause) {
      discovered = null;
      logFailure(parts, cause);
      throw new AppError('OIDC_FAILED', { problem: { en: 'it does not answer', zh: '无响应' } }, { cause });
    }
  };

  return {
    async start(address) {
      const [config, { redirectUrl, scope }] = await configuration();
      signIn.requirePatience(address, null);
      const verifier = client.randomPKCECodeVerifier();
      const state = client.randomState();
      const nonce = client.randomNonce();
      const now = clock.now();
      await store.transaction(async (transaction) => {
        await oidcLoginStore.deleteOld(transaction, now - LOGIN_MS_MAX);
        const row = { state_hash: hashSecret(state), nonce, verifier, created_at: now };
        await oidcLoginStore.insert(transaction, row);
      });
      const location = client.buildAuthorizationUrl(config, {
        redirect_uri: redirectUrl,
        scope,
        state,
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      });
      const seconds = LOGIN_MS_MAX / 1000;
      const cookie = `${OIDC_COOKIE}=${state}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${seconds}`;
      return { location: location.href, cookie };
    },
    async finish(query, state, request) {
      const [config, known] = await configuration();
      const login =
        state === null
          ? undefined
          : await store.transaction((transaction) => oidcLoginStore.take(transaction, hashSecret(state)));
      if (state === null || login === undefined || login.created_at < clock.now() - LOGIN_MS_MAX) {
        throw new AppError('OIDC_FAILED', {
          problem: {
            en: 'this sign-in was not begun in this browser, or too long ago',
            zh: '该登录不是在此浏览器中发起，或发起已过久',
          },
        });
      }
      const claims = await claimsOf(config, known, { query, state, ...login }).catch((cause: unknown) => {
        logFailure(parts, cause);
        throw cause;
      });
      return admit(parts, signIn, { claims, settings: known, request });
    },
  };
}

async function discover(settings: OidcSettings): Promise<client.Configuration> {
  const issuer = new URL(settings.issuer);
  // Plain HTTP only to this very machine, for trying out and for tests.
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(issuer.hostname);
  return client.discovery(issuer, settings.clientId, settings.clientSecret ?? undefined, undefined, {
    timeout: 10,
    execute: isLoopback && issuer.protocol === 'http:' ? [client.allowInsecureRequests] : [],
  });
}

/** What the hint of OIDC_FAILED promises. Words alone: what else an error of the library carries may hold a token. */
function logFailure({ context }: Pick<AccessParts, 'context'>, cause: unknown): void {
  const problems: string[] = [];
  for (let each = cause; each instanceof Error && problems.length < CAUSES_MAX; each = each.cause) {
    const code = 'code' in each ? String(each.code) : each.name;
    const said = 'error' in each ? ` (${String(each.error)})` : '';
    problems.push(`${code}: ${each.message}${said}`);
  }
  context.log.warn('single sign-on failed', { problems });
}

interface Callback {
  readonly query: string;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

type Claims = Readonly<Record<string, unknown>> & { readonly iss: string; readonly sub: string };

async function claimsOf(
  config: client.Configuration,
  settings: OidcSettings,
  callback: Callback,
): Promise<Claims> {
  const url = new URL(settings.redirectUrl);
  url.search = callback.query;
  try {
    const tokens = await client.authorizationCodeGrant(config, url, {
      pkceCodeVerifier: callback.verifier,
      expectedState: callback.state,
      expectedNonce: callback.nonce,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (claims === undefined) throw new TypeError('no ID token');
    const isComplete = settings.groupsClaim in claims && settings.nameClaim in claims;
    if (isComplete || config.serverMetadata().userinfo_endpoint === undefined) return claims;
    // Many providers keep names and groups out of the ID token.
    const more = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
    return { ...more, ...claims };
  } catch (cause) {
    throw new AppError(
      'OIDC_FAILED',
      { problem: { en: 'the answer was refused', zh: '其应答未被接受' } },
      { cause },
    );
  }
}

interface Admission {
  readonly claims: Claims;
  readonly settings: OidcSettings;
  readonly request: SignInRequest;
}

async function admit(parts: AccessParts, signIn: SignIn, admission: Admission): Promise<SignedIn> {
  const { claims, settings, request } = admission;
  const wanted = claims[settings.nameClaim] ?? claims.sub;
  const parsed = UserName.safeParse(wanted);
  const name = parsed.success ? parsed.data : `oidc-${shortHash(claims.sub)}`;
  const subject = `${claims.iss} ${claims.sub}`;
  const roles = rolesOf(parts, claims[settings.groupsClaim], settings);
  const signedIn = await parts.context.store.transaction(async (transaction) => {
    const known = await userStore.findBySubject(transaction, subject);
    if (known !== undefined && known.is_disabled === 1) {
      throw new AppError('OIDC_FAILED', {
        problem: { en: 'the account is disabled here', zh: '该账户在此已停用' },
      });
    }
    // Also where they are none: what tokens and sessions of before may do ends here.
    const row =
      known === undefined ? null : await giveRoles(parts, transaction, { row: known, roles, request });
    if (roles.length === 0) {
      const details = { address: request.address, by: 'oidc' };
      const refused = { actor: NOBODY, action: 'session.sign-in-failed', subject: name, details };
      await parts.audit.append(transaction, [{ ...refused, requestId: request.requestId }]);
      return null;
    }
    const user = row ?? (await addUser(parts, transaction, { name, subject, roles, request }));
    return signIn.complete(transaction, user, request);
  });
  if (signedIn === null) throw new AppError('OIDC_NO_ROLE', { name });
  return signedIn;
}

const NOBODY: Actor = { kind: 'system', id: 'nobody', name: 'nobody' };
/** Who decides about the roles of people that it vouches for. */
const PROVIDER: Actor = { kind: 'system', id: 'oidc', name: 'single sign-on' };

interface Given {
  readonly roles: readonly string[];
  readonly request: SignInRequest;
}

async function giveRoles(
  parts: AccessParts,
  transaction: Transaction,
  { row, roles, request }: Given & { readonly row: UserRow },
): Promise<UserRow> {
  const rolesBefore = (await userStore.rolesOf(transaction, [row.id])).get(row.id) ?? [];
  if (roles.length === rolesBefore.length && roles.every((role) => rolesBefore.includes(role))) return row;
  const version = row.version + 1;
  await userStore.setRoles(transaction, row.id, roles);
  await userStore.update(transaction, row.id, { version });
  const details = { roles: [...roles], rolesBefore };
  const changed = { actor: PROVIDER, action: 'user.changed', subject: row.name, details };
  await parts.audit.append(transaction, [{ ...changed, requestId: request.requestId }]);
  transaction.afterCommit(parts.rightsChanged);
  return { ...row, version };
}

async function addUser(
  parts: AccessParts,
  transaction: Transaction,
  { name, subject, roles, request }: Given & { readonly name: string; readonly subject: string },
): Promise<UserRow> {
  const isTaken = (await userStore.byName(transaction, name)) !== undefined;
  const free = isTaken ? `${name.slice(0, 100)}@${shortHash(subject)}` : name;
  const row = newUserRow(parts, { name: free, kind: 'oidc', oidc_subject: subject });
  await insertUser(transaction, row, roles);
  const created = {
    actor: PROVIDER,
    action: 'user.created',
    subject: row.name,
    details: { roles: [...roles] },
  };
  await parts.audit.append(transaction, [{ ...created, requestId: request.requestId }]);
  return row;
}

function rolesOf(parts: AccessParts, groups: unknown, settings: OidcSettings): string[] {
  const names = Array.isArray(groups) ? groups.map(String) : typeof groups === 'string' ? [groups] : [];
  // `Object.hasOwn`: a group named `constructor` is a group like any other.
  const roles = names.flatMap((group) =>
    Object.hasOwn(settings.rolesByGroup, group) ? (settings.rolesByGroup[group] ?? []) : [],
  );
  return [...new Set(roles)].filter((role) => parts.roles.roles.has(role));
}

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);

import {
  AppError,
  accessPermissions,
  apiTokenRoutes,
  roleRoutes,
  sessionRoutes,
  userRoutes,
} from '@pilothouse/contract';
import { htmlAnswer } from '../http/index.ts';
import { type Endpoint, endpoint, type HttpExchange, redirectTo } from '../http/service.ts';
import type { AccessParts } from './access-deps.ts';
import type { Authentication } from './authenticate.ts';
import { roleIn } from './built-in-roles.ts';
import { endedOidcCookie, OIDC_COOKIE, type Oidc } from './oidc.ts';
import { readCookie } from './read-cookie.ts';
import type { Roles } from './roles.ts';
import type { Setup } from './setup.ts';
import { setupPage } from './setup-page.ts';
import { endedCookie, type SignedIn, type SignIn } from './sign-in.ts';
import { signOut } from './sign-out.ts';
import type { Tokens } from './tokens.ts';
import { readUser, type Users } from './users.ts';

export interface AccessRooms {
  readonly parts: AccessParts;
  readonly authentication: Authentication;
  readonly users: Users;
  readonly roles: Roles;
  readonly tokens: Tokens;
  readonly signIn: SignIn;
  readonly setup: Setup;
  readonly oidc: Oidc;
}

export const accessEndpoints = (rooms: AccessRooms): Endpoint[] => [
  ...sessionEndpoints(rooms),
  ...oidcEndpoints(rooms),
  ...tokenEndpoints(rooms),
  ...userEndpoints(rooms),
  ...roleEndpoints(rooms),
];

function answerSignedIn(signedIn: SignedIn, exchange: HttpExchange) {
  if (signedIn.cookie !== null) exchange.setHeader('set-cookie', signedIn.cookie);
  return { user: signedIn.user, token: signedIn.token };
}

function sessionEndpoints(rooms: AccessRooms): Endpoint[] {
  const { authentication, parts, signIn, setup } = rooms;
  return [
    endpoint(sessionRoutes.setupPage, async ({ query, language, exchange }) =>
      htmlAnswer(setupPage(query.lang ?? language), exchange),
    ),
    endpoint(sessionRoutes.setup, async ({ body, address, requestId, exchange }) => {
      const request = { address, requestId, tokenName: body.tokenName ?? null };
      return answerSignedIn(await setup.complete({ ...body, ...request }), exchange);
    }),
    endpoint(sessionRoutes.signIn, async ({ body, address, requestId, exchange }) => {
      const request = { address, requestId, tokenName: body.tokenName ?? null };
      return answerSignedIn(await signIn.withPassword(body.name, body.password, request), exchange);
    }),
    endpoint(sessionRoutes.signOut, async ({ principal, requestId, exchange }) => {
      await signOut(parts, authentication.doerOf(principal, requestId), authentication.identityOf(principal));
      exchange.setHeader('set-cookie', endedCookie);
      return undefined;
    }),
    endpoint(sessionRoutes.me, async ({ principal, language }) => {
      const { user, roleNames } = authentication.identityOf(principal);
      return {
        actor: principal.actor,
        user: await readUser(parts.context.store, user),
        roles: roleNames
          .flatMap((name) => parts.roles.roles.get(name) ?? [])
          .map((role) => roleIn(language, role)),
        permissions: [...parts.permissions.keys()].filter((name) => principal.has(name)),
      };
    }),
    endpoint(sessionRoutes.changePassword, async ({ principal, body, address, requestId }) => {
      const { user, by } = authentication.identityOf(principal);
      const sessionId = by.kind === 'session' ? by.id : null;
      await signIn.changePassword(user, { ...body, sessionId, address, requestId });
      return undefined;
    }),
  ];
}

function oidcEndpoints({ oidc }: AccessRooms): Endpoint[] {
  return [
    endpoint(sessionRoutes.oidcStart, async ({ address, exchange }) => {
      const { location, cookie } = await oidc.start(address);
      exchange.setHeader('set-cookie', cookie);
      return redirectTo(location, exchange);
    }),
    endpoint(sessionRoutes.oidcCallback, async ({ query, address, requestId, exchange }) => {
      const state = readCookie(exchange.header('cookie') ?? '', OIDC_COOKIE);
      const pairs = Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]);
      const signedIn = await oidc.finish(new URLSearchParams(pairs).toString(), state, {
        address,
        requestId,
        tokenName: null,
      });
      if (signedIn.cookie !== null) exchange.setHeader('set-cookie', signedIn.cookie);
      exchange.setHeader('set-cookie', endedOidcCookie);
      return redirectTo('/', exchange);
    }),
  ];
}

function tokenEndpoints({ authentication, tokens }: AccessRooms): Endpoint[] {
  return [
    endpoint(apiTokenRoutes.list, async ({ principal, query }) =>
      tokens.page(authentication.identityOf(principal).user.id, query),
    ),
    endpoint(apiTokenRoutes.create, async ({ principal, body, requestId }) => {
      const { user, roleNames, by } = authentication.identityOf(principal);
      const missing = body.roles?.find((name) => !roleNames.includes(name));
      if (missing !== undefined) throw new AppError('TOKEN_ROLE_NOT_HELD', { role: missing });
      // A token makes no token with more roles than its own, whatever its owner holds.
      const roles = body.roles ?? (by.kind === 'token' ? roleNames : null);
      const doer = authentication.doerOf(principal, requestId);
      return tokens.create(doer, { ...body, roles, userId: user.id });
    }),
    endpoint(apiTokenRoutes.revoke, async ({ principal, params, requestId }) => {
      const { user } = authentication.identityOf(principal);
      const isForAll = principal.has(accessPermissions.usersManage.name);
      await tokens.revoke(authentication.doerOf(principal, requestId), params.id, isForAll ? null : user.id);
      return undefined;
    }),
  ];
}

function userEndpoints({ authentication, users }: AccessRooms): Endpoint[] {
  const doerOf: Authentication['doerOf'] = (principal, requestId) =>
    authentication.doerOf(principal, requestId);
  return [
    endpoint(userRoutes.list, async ({ query }) => users.page(query)),
    endpoint(userRoutes.get, async ({ params }) => users.get(params.id)),
    endpoint(userRoutes.create, async ({ principal, requestId, body }) =>
      users.create(doerOf(principal, requestId), body),
    ),
    endpoint(userRoutes.update, async ({ principal, requestId, params, body, ifMatch }) =>
      users.update(doerOf(principal, requestId), params.id, { ...body, ifMatch }),
    ),
    endpoint(userRoutes.delete, async ({ principal, requestId, params, ifMatch }) => {
      await users.delete(doerOf(principal, requestId), params.id, ifMatch);
      return undefined;
    }),
  ];
}

function roleEndpoints({ authentication, roles, parts }: AccessRooms): Endpoint[] {
  const doerOf: Authentication['doerOf'] = (principal, requestId) =>
    authentication.doerOf(principal, requestId);
  return [
    endpoint(roleRoutes.permissions, async () => ({ items: [...parts.permissions.values()] })),
    endpoint(roleRoutes.list, async ({ query, language }) => {
      const page = roles.page(query);
      return { ...page, items: page.items.map((role) => roleIn(language, role)) };
    }),
    endpoint(roleRoutes.get, async ({ params, language }) => roleIn(language, roles.get(params.name))),
    endpoint(roleRoutes.create, async ({ principal, requestId, body }) =>
      roles.create(doerOf(principal, requestId), body),
    ),
    endpoint(roleRoutes.update, async ({ principal, requestId, params, body, ifMatch }) =>
      roles.update(doerOf(principal, requestId), { ...body, name: params.name }, ifMatch),
    ),
    endpoint(roleRoutes.delete, async ({ principal, requestId, params, ifMatch }) => {
      await roles.delete(doerOf(principal, requestId), params.name, ifMatch);
      return undefined;
    }),
  ];
}

import { z } from 'zod';
import { PageQuery, pageOf } from '../page.ts';
import { defineRoute } from '../route.ts';
import { ApiToken, ApiTokenName, Me, Password, RoleNames, User, UserName } from './access.ts';

/** `tokenName`: answer with an API token of that name instead of a session cookie. For the command line. */
const TokenWish = { tokenName: ApiTokenName.optional() };
const SignedIn = z.object({
  user: User,
  /** Shown this once; null when a session cookie was set. */
  token: z.string().nullable(),
});

const signedIn = { kind: 'signed-in' } as const;
const isPublic = { kind: 'public' } as const;

/** Setting up, signing in and out. */
export const sessionRoutes = {
  setupPage: defineRoute({
    id: 'setup.page',
    method: 'GET',
    path: '/setup',
    summary: { en: 'Page that makes the first administrator', zh: '创建首位管理员的页面' },
    access: isPublic,
    query: z.object({ lang: z.enum(['en', 'zh']).optional() }),
    stream: 'text/html',
    errors: [],
    example: {},
  }),
  setup: defineRoute({
    id: 'setup.complete',
    method: 'POST',
    path: '/api/v1/setup',
    summary: {
      en: 'Make the first administrator, with the one-time code',
      zh: '使用一次性代码创建首位管理员',
    },
    access: isPublic,
    body: z.object({ code: z.string().min(1).max(128), name: UserName, password: Password, ...TokenWish }),
    response: SignedIn,
    errors: ['SETUP_CODE_WRONG', 'SETUP_DONE', 'PASSWORD_WEAK', 'TOO_MANY_REQUESTS'],
    example: { body: { code: 'not-the-code', name: 'ada', password: 'correct horse battery' } },
  }),
  signIn: defineRoute({
    id: 'session.create',
    method: 'POST',
    path: '/api/v1/session',
    summary: { en: 'Sign in with name and password', zh: '使用用户名和密码登录' },
    access: isPublic,
    body: z.object({ name: UserName, password: Password, ...TokenWish }),
    response: SignedIn,
    errors: ['SIGN_IN_FAILED', 'TOO_MANY_REQUESTS', 'CROSS_SITE_REFUSED', 'TOKENS_TOO_MANY'],
    example: { body: { name: 'ada', password: 'correct horse battery' } },
  }),
  signOut: defineRoute({
    id: 'session.delete',
    method: 'DELETE',
    path: '/api/v1/session',
    summary: {
      en: 'Sign out: ends this session, or revokes the token that asks',
      zh: '退出：结束当前会话，或吊销所用令牌',
    },
    access: signedIn,
    errors: [],
    example: {},
  }),
  me: defineRoute({
    id: 'session.me',
    method: 'GET',
    path: '/api/v1/me',
    summary: { en: 'Who I am and what I may do', zh: '我是谁、有哪些权限' },
    access: signedIn,
    response: Me,
    errors: [],
    example: {},
  }),
  changePassword: defineRoute({
    id: 'session.change-password',
    method: 'POST',
    path: '/api/v1/me/password',
    summary: {
      en: 'Change my password; ends my other sessions',
      zh: '修改我的密码，并结束我的其他会话',
    },
    access: signedIn,
    body: z.object({ current: Password, next: Password }),
    errors: ['SIGN_IN_FAILED', 'PASSWORD_WEAK', 'TOO_MANY_REQUESTS'],
    example: { body: { current: 'correct horse battery', next: 'another horse battery' } },
  }),
  oidcStart: defineRoute({
    id: 'session.oidc-start',
    method: 'GET',
    path: '/api/v1/oidc/start',
    summary: { en: 'Begin single sign-on: redirects to the provider', zh: '开始单点登录：跳转到身份提供方' },
    access: isPublic,
    stream: 'text/plain',
    errors: ['OIDC_OFF', 'OIDC_FAILED', 'TOO_MANY_REQUESTS'],
    example: {},
  }),
  oidcCallback: defineRoute({
    id: 'session.oidc-callback',
    method: 'GET',
    path: '/api/v1/oidc/callback',
    summary: { en: 'Where the provider sends people back', zh: '身份提供方的回调地址' },
    access: isPublic,
    query: z.looseObject({ state: z.string().max(256).optional() }),
    stream: 'text/plain',
    errors: ['OIDC_OFF', 'OIDC_FAILED', 'OIDC_NO_ROLE'],
    example: {},
  }),
} as const;

const TokenParams = z.object({ id: z.string().max(64) });

/** Of one person. Whoever signs in every hour, and never out, has some 2,200 at a time. */
export const API_TOKENS_MAX = 5_000;

export const apiTokenRoutes = {
  list: defineRoute({
    id: 'api-tokens.list',
    method: 'GET',
    path: '/api/v1/api-tokens',
    summary: { en: 'My API tokens, without their secrets', zh: '我的 API 令牌（不含密钥）' },
    access: signedIn,
    query: PageQuery,
    response: pageOf(ApiToken),
    errors: [],
    example: {},
  }),
  create: defineRoute({
    id: 'api-tokens.create',
    method: 'POST',
    path: '/api/v1/api-tokens',
    summary: { en: 'Make an API token; its secret is shown this once', zh: '创建 API 令牌，密钥仅显示一次' },
    access: signedIn,
    body: z.object({
      name: ApiTokenName,
      roles: RoleNames.nullable().default(null),
      /** Days until it expires; null: never. */
      expiresInDays: z.number().int().min(1).max(3650).nullable().default(90),
    }),
    response: ApiToken.extend({ secret: z.string() }),
    errors: ['TOKEN_ROLE_NOT_HELD', 'TOKENS_TOO_MANY'],
    example: { body: { name: 'nightly', roles: ['reader'], expiresInDays: 30 } },
  }),
  revoke: defineRoute({
    id: 'api-tokens.revoke',
    method: 'DELETE',
    path: '/api/v1/api-tokens/{id}',
    summary: {
      en: 'Revoke an API token: mine, or with users.manage anybody’s',
      zh: '吊销 API 令牌：自己的，或（有 users.manage 权限时）任何人的',
    },
    access: signedIn,
    params: TokenParams,
    errors: ['NOT_FOUND'],
    example: { params: { id: 'k_00000000000000000' } },
  }),
} as const;

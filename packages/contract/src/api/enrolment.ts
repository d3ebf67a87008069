import { z } from 'zod';
import { definePermissions } from '../access.ts';
import { GroupPath } from '../group.ts';
import { Host } from '../host.ts';
import { HostId } from '../host-id.ts';
import { Labels } from '../labels.ts';
import { PageQuery, pageOf } from '../page.ts';
import { defineRoute } from '../route.ts';
import { Timestamp } from '../scalars.ts';

export const enrolmentPermissions = definePermissions({
  read: {
    name: 'enrolment.read',
    title: { en: 'See enrolment tokens, waiting hosts and trust', zh: '查看注册令牌、待接入主机和信任状态' },
    scope: 'hosts',
    isRead: true,
  },
  tokens: {
    name: 'enrolment.tokens',
    title: {
      en: 'Create and revoke enrolment tokens that give labels and groups in scope',
      zh: '创建和吊销赋予范围内标签与分组的注册令牌',
    },
    scope: 'hosts',
    isRead: false,
  },
  decide: {
    name: 'enrolment.decide',
    title: { en: 'Accept, replace or refuse waiting hosts', zh: '接受、替换或拒绝待接入主机' },
    scope: 'hosts',
    isRead: false,
  },
  rotate: {
    name: 'enrolment.rotate',
    title: {
      en: 'Rotate the certificate authority and the signing keys',
      zh: '轮换证书颁发机构和签名密钥',
    },
    scope: 'global',
    isRead: false,
  },
});

export const TOKEN_USES_MAX = 100_000;
export const TOKEN_LIFE_SECONDS_MAX = 365 * 86_400;

/** What an enrolment token allows, without its secret: that is shown once, when the token is made. */
export const EnrolmentTokenRecord = z.object({
  id: z.string(),
  name: z.string(),
  state: z.enum(['active', 'expired', 'used-up', 'revoked']),
  usesMax: z.number().int(),
  uses: z.number().int(),
  createdAt: Timestamp,
  createdBy: z.string(),
  expiresAt: Timestamp,
  labels: Labels,
  groups: z.array(GroupPath),
  needsApproval: z.boolean(),
});
export type EnrolmentTokenRecord = z.infer<typeof EnrolmentTokenRecord>;

export const NewEnrolmentToken = z.object({
  name: z.string().min(1).max(100),
  usesMax: z.number().int().min(1).max(TOKEN_USES_MAX).default(1),
  lifeSeconds: z.number().int().min(60).max(TOKEN_LIFE_SECONDS_MAX).default(86_400),
  labels: Labels.default({}),
  groups: z.array(GroupPath).max(64).default([]),
  needsApproval: z.boolean().default(false),
});
export type NewEnrolmentToken = z.infer<typeof NewEnrolmentToken>;

/** A host that enrolled and waits for a person. */
export const PendingHost = z.object({
  host: Host,
  requestedAt: Timestamp,
  tokenName: z.string(),
  machineId: z.string(),
  /** The registered host with the same machine id, which this one may replace: a reinstalled machine, or a clone. */
  replaces: z.object({ id: HostId, name: z.string() }).nullable(),
});
export type PendingHost = z.infer<typeof PendingHost>;

export const RotatedKind = z.enum(['ca', 'envelope']);
export type RotatedKind = z.infer<typeof RotatedKind>;

export const TrustKey = z.object({
  kid: z.string(),
  kind: RotatedKind,
  /** current signs; next is trusted and takes over when every host has moved; retired is trusted no more. */
  state: z.enum(['current', 'next', 'retired']),
  createdAt: Timestamp,
  retiredAt: Timestamp.nullable(),
});
export type TrustKey = z.infer<typeof TrustKey>;

export const TrustStatus = z.object({
  version: z.number().int(),
  keys: z.array(TrustKey),
  /** SHA-256 of the DER of the authority that new tokens pin. */
  pin: z.string(),
  rotations: z.array(
    z.object({
      kind: RotatedKind,
      since: Timestamp,
      hostsMoved: z.number().int(),
      hostsNotMovedCount: z.number().int(),
      /** The first by id, at most 100. */
      hostsNotMoved: z.array(z.object({ id: HostId, name: z.string() })),
    }),
  ),
});
export type TrustStatus = z.infer<typeof TrustStatus>;

const TokenId = z.object({ tokenId: z.string().max(64) });
const HostParams = z.object({ hostId: HostId });
const EXAMPLE_HOST = 'h_000000000000000000';

export const enrolmentRoutes = {
  createToken: defineRoute({
    id: 'enrolment.tokens.create',
    method: 'POST',
    path: '/api/v1/enrolment/tokens',
    summary: { en: 'Make an enrolment token', zh: '创建注册令牌' },
    access: { kind: 'permission', permission: 'enrolment.tokens' },
    body: NewEnrolmentToken,
    response: z.object({
      record: EnrolmentTokenRecord,
      /** `pht1.…`: what is pasted on the host. Shown this once. */
      token: z.string(),
    }),
    errors: ['ENROL_TOKEN_SCOPE'],
    example: { body: { name: 'rack r07', usesMax: 40, lifeSeconds: 86_400, labels: { rack: 'r07' } } },
  }),
  listTokens: defineRoute({
    id: 'enrolment.tokens.list',
    method: 'GET',
    path: '/api/v1/enrolment/tokens',
    summary: { en: 'List enrolment tokens, newest first', zh: '列出注册令牌（新的在前）' },
    access: { kind: 'permission', permission: 'enrolment.read' },
    query: PageQuery,
    response: pageOf(EnrolmentTokenRecord),
    errors: [],
    example: { query: { limit: '10' } },
  }),
  revokeToken: defineRoute({
    id: 'enrolment.tokens.revoke',
    method: 'DELETE',
    path: '/api/v1/enrolment/tokens/{tokenId}',
    summary: {
      en: 'Revoke a token; hosts that used it stay enrolled',
      zh: '吊销令牌；已使用它注册的主机不受影响',
    },
    access: { kind: 'permission', permission: 'enrolment.tokens' },
    params: TokenId,
    errors: ['NOT_FOUND'],
    example: { params: { tokenId: 'et_000000000000000000' } },
  }),
  listPending: defineRoute({
    id: 'enrolment.pending.list',
    method: 'GET',
    path: '/api/v1/enrolment/pending',
    summary: { en: 'List hosts that wait for a person', zh: '列出等待确认的主机' },
    access: { kind: 'permission', permission: 'enrolment.read' },
    query: PageQuery,
    response: pageOf(PendingHost),
    errors: [],
    example: {},
  }),
  acceptPending: defineRoute({
    id: 'enrolment.pending.accept',
    method: 'POST',
    path: '/api/v1/enrolment/pending/{hostId}/accept',
    summary: { en: 'Accept a waiting host', zh: '接受待接入主机' },
    access: { kind: 'permission', permission: 'enrolment.decide' },
    params: HostParams,
    body: z.object({
      /** True: it takes the place of the host it replaces, with that host's id, labels, groups and history. */
      replace: z.boolean().default(false),
    }),
    response: z.object({ hostId: HostId }),
    errors: ['NOT_FOUND', 'ENROL_NOT_PENDING', 'ENROL_NOTHING_TO_REPLACE'],
    example: { params: { hostId: EXAMPLE_HOST }, body: { replace: false } },
  }),
  refusePending: defineRoute({
    id: 'enrolment.pending.refuse',
    method: 'POST',
    path: '/api/v1/enrolment/pending/{hostId}/refuse',
    summary: { en: 'Refuse a waiting host and revoke its certificate', zh: '拒绝待接入主机并吊销其证书' },
    access: { kind: 'permission', permission: 'enrolment.decide' },
    params: HostParams,
    errors: ['NOT_FOUND', 'ENROL_NOT_PENDING'],
    example: { params: { hostId: EXAMPLE_HOST } },
  }),
  revokeHost: defineRoute({
    id: 'enrolment.hosts.revoke',
    method: 'POST',
    path: '/api/v1/enrolment/hosts/{hostId}/revoke',
    summary: {
      en: 'Revoke all certificates of a host and cut its session; it can come back only by enrolling again',
      zh: '吊销主机的全部证书并切断其会话；主机只能重新注册后恢复',
    },
    access: { kind: 'permission', permission: 'enrolment.decide' },
    params: HostParams,
    body: z.object({ reason: z.string().min(1).max(500) }),
    errors: ['NOT_FOUND'],
    example: { params: { hostId: EXAMPLE_HOST }, body: { reason: 'key leaked' } },
  }),
  trustStatus: defineRoute({
    id: 'enrolment.trust.status',
    method: 'GET',
    path: '/api/v1/enrolment/trust',
    summary: { en: 'Keys, bundle version and hosts not yet moved', zh: '密钥、信任包版本及尚未迁移的主机' },
    access: { kind: 'permission', permission: 'enrolment.read' },
    response: TrustStatus,
    errors: [],
    example: {},
  }),
  rotateTrust: defineRoute({
    id: 'enrolment.trust.rotate',
    method: 'POST',
    path: '/api/v1/enrolment/trust/rotate',
    summary: {
      en: 'Bring in a new certificate authority or envelope key beside the old one',
      zh: '引入新的证书颁发机构或信封密钥，与旧的并存',
    },
    access: { kind: 'permission', permission: 'enrolment.rotate' },
    body: z.object({ kind: RotatedKind }),
    response: TrustStatus,
    errors: ['ENROL_ROTATION_OPEN'],
    example: { body: { kind: 'envelope' } },
  }),
  retireTrust: defineRoute({
    id: 'enrolment.trust.retire',
    method: 'POST',
    path: '/api/v1/enrolment/trust/retire',
    summary: {
      en: 'Retire the old key of an open rotation, also when hosts have not moved yet',
      zh: '停用轮换中的旧密钥，即使仍有主机尚未迁移',
    },
    access: { kind: 'permission', permission: 'enrolment.rotate' },
    body: z.object({
      kind: RotatedKind,
      /** Must be true while hosts have not moved: an authority they do not know cannot reach them at once. */
      evenIfHostsRemain: z.boolean().default(false),
    }),
    response: TrustStatus,
    errors: ['ENROL_NO_ROTATION', 'ENROL_HOSTS_NOT_MOVED'],
    example: { body: { kind: 'envelope', evenIfHostsRemain: true } },
  }),
} as const;

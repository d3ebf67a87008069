import { z } from 'zod';
import { definePermissions } from '../access.ts';
import { EffectClass } from '../action.ts';
import { Mandate } from '../mandate.ts';
import { PageQuery, pageOf } from '../page.ts';
import { defineRoute } from '../route.ts';
import { Digest, Timestamp } from '../scalars.ts';

export const authorityPermissions = definePermissions({
  approve: {
    name: 'rollouts.approve',
    title: { en: 'Approve and sign plans and mandates of others', zh: '批准并签署他人的计划与授权书' },
    scope: 'hosts',
    isRead: false,
  },
  editRules: {
    name: 'approval-rules.edit',
    title: { en: 'Say how many people must approve what', zh: '设置各类操作所需的批准人数' },
    scope: 'global',
    isRead: false,
  },
});

const read = { kind: 'permission', permission: 'rollouts.read' } as const;
const approve = { kind: 'permission', permission: authorityPermissions.approve.name } as const;
const planDigest = z.object({ digest: Digest });
const exampleDigest = '0'.repeat(64);
const Comment = z.string().trim().max(500);

/** Someone's yes to exactly the plan that the digest names. */
export const Approval = z.object({
  planDigest: Digest,
  personId: z.string(),
  person: z.string(),
  at: Timestamp,
  comment: z.string(),
  /** False when whoever gave it may not give it any more, so that it does not count. Absent where it was not judged. */
  isGood: z.boolean().optional(),
});
export type Approval = z.infer<typeof Approval>;

export const PlanSignature = z.object({
  keyId: z.string(),
  person: z.string(),
  at: Timestamp,
  /** Ed25519 over PLAN_SIGNATURE_TAG and the digest, base64. */
  value: z.string(),
  /** False when the key has expired or was revoked since. */
  isGood: z.boolean(),
});
export type PlanSignature = z.infer<typeof PlanSignature>;

/** Who said yes to a plan, and what it still lacks on this server. What hosts want beside it, their own policies say. */
export const PlanAuthority = z.object({
  planDigest: Digest,
  /** Who made it; does not count as an approver. */
  author: z.string(),
  effect: EffectClass,
  /** True when it brings code of its own. */
  isArbitrary: z.boolean(),
  required: z.number().int(),
  given: z.number().int(),
  /** Where the number comes from: the plan's own strategy, or the standing rule for its effect. */
  requiredBy: z.enum(['nothing', 'strategy', 'rule']),
  approvals: z.array(Approval),
  signatures: z.array(PlanSignature),
  /** The mandate that it runs under; null: none. */
  mandate: z.object({ id: Digest, title: z.string(), isBreakGlass: z.boolean() }).nullable(),
});
export type PlanAuthority = z.infer<typeof PlanAuthority>;

const PeopleCount = z.number().int().min(0).max(10);

/** How many distinct people must approve a plan, by its effect class. `arbitrary`: beside it, when it brings code. */
export const ApprovalRules = z.object({
  read: PeopleCount,
  reversible: PeopleCount,
  disruptive: PeopleCount,
  destructive: PeopleCount,
  arbitrary: PeopleCount,
});
export type ApprovalRules = z.infer<typeof ApprovalRules>;
const ApprovalRulesRecord = ApprovalRules.extend({ etag: z.string() });

export const approvalRoutes = {
  show: defineRoute({
    id: 'approvals.show',
    method: 'GET',
    path: '/api/v1/plans/{digest}/authority',
    summary: { en: 'Who approved and signed a plan, and who is missing', zh: '查看计划的批准与签名情况' },
    access: read,
    params: planDigest,
    response: PlanAuthority,
    errors: ['NOT_FOUND'],
    example: { params: { digest: exampleDigest } },
  }),
  list: defineRoute({
    id: 'approvals.list',
    method: 'GET',
    path: '/api/v1/approvals',
    summary: { en: 'Approvals, newest first', zh: '批准记录，最新的在前' },
    access: read,
    query: PageQuery,
    response: pageOf(Approval),
    errors: [],
    example: {},
  }),
  give: defineRoute({
    id: 'approvals.give',
    method: 'POST',
    path: '/api/v1/plans/{digest}/approvals',
    summary: { en: 'Approve exactly this plan', zh: '批准该计划' },
    access: approve,
    params: planDigest,
    body: z.object({ comment: Comment.default('') }),
    response: PlanAuthority,
    errors: [
      'NOT_FOUND',
      'PLAN_EXPIRED',
      'APPROVAL_OWN_PLAN',
      'APPROVAL_FORBIDDEN',
      'APPROVAL_ALREADY_GIVEN',
    ],
    example: { params: { digest: exampleDigest }, body: { comment: 'looks right' } },
  }),
  withdraw: defineRoute({
    id: 'approvals.withdraw',
    method: 'POST',
    path: '/api/v1/plans/{digest}/approvals/withdraw',
    summary: {
      en: 'Take one’s own approval back; what has started goes on',
      zh: '撤回自己的批准（已开始的不受影响）',
    },
    access: approve,
    params: planDigest,
    body: z.object({ reason: Comment.default('') }),
    response: PlanAuthority,
    errors: ['NOT_FOUND', 'APPROVAL_NOT_GIVEN'],
    example: { params: { digest: exampleDigest }, body: { reason: 'wrong week' } },
  }),
  sign: defineRoute({
    id: 'approvals.sign',
    method: 'POST',
    path: '/api/v1/plans/{digest}/signatures',
    summary: { en: 'Bring a signature by one’s own key over a plan', zh: '提交自己密钥对计划的签名' },
    access: approve,
    params: planDigest,
    body: z.object({ keyId: z.string().max(64), value: z.string().max(128) }),
    response: PlanAuthority,
    errors: [
      'NOT_FOUND',
      'PLAN_EXPIRED',
      'APPROVAL_FORBIDDEN',
      'OPERATOR_KEY_UNKNOWN',
      'OPERATOR_KEY_NOT_YOURS',
      'OPERATOR_KEY_EXPIRED',
      'OPERATOR_KEY_REVOKED',
      'SIGNATURE_INVALID',
    ],
    example: { params: { digest: exampleDigest }, body: { keyId: '0123456789abcdef', value: 'AAAA' } },
  }),
  rules: defineRoute({
    id: 'approval-rules.get',
    method: 'GET',
    path: '/api/v1/approval-rules',
    summary: { en: 'How many people must approve what', zh: '各类操作所需批准人数' },
    access: read,
    response: ApprovalRulesRecord,
    errors: [],
    example: {},
  }),
  setRules: defineRoute({
    id: 'approval-rules.set',
    method: 'PUT',
    path: '/api/v1/approval-rules',
    summary: { en: 'Change how many people must approve what', zh: '修改各类操作所需批准人数' },
    access: { kind: 'permission', permission: authorityPermissions.editRules.name },
    body: ApprovalRules,
    response: ApprovalRulesRecord,
    errors: ['EDIT_CONFLICT'],
    example: { body: { read: 0, reversible: 0, disruptive: 0, destructive: 0, arbitrary: 0 } },
  }),
} as const;

/** A person's own public key, as the server knows it. The private one never comes here. */
export const OperatorKey = z.object({
  id: z.string(),
  /** 32 bytes of Ed25519 in base64. */
  publicKey: z.string(),
  ownerId: z.string(),
  owner: z.string(),
  name: z.string(),
  createdAt: Timestamp,
  expiresAt: Timestamp,
  revokedAt: Timestamp.nullable(),
});
export type OperatorKey = z.infer<typeof OperatorKey>;

const signedIn = { kind: 'signed-in' } as const;

export const operatorKeyRoutes = {
  list: defineRoute({
    id: 'operator-keys.list',
    method: 'GET',
    path: '/api/v1/operator-keys',
    summary: { en: 'Public keys that people registered', zh: '已登记的操作员公钥' },
    access: signedIn,
    query: PageQuery.extend({ owner: z.string().max(128).optional() }),
    response: pageOf(OperatorKey),
    errors: [],
    example: {},
  }),
  challenge: defineRoute({
    id: 'operator-keys.challenge',
    method: 'POST',
    path: '/api/v1/operator-keys/challenge',
    summary: {
      en: 'A nonce to sign with a key that is to be registered',
      zh: '获取登记密钥时需签名的随机数',
    },
    access: signedIn,
    response: z.object({ nonce: z.string(), expiresAt: Timestamp }),
    errors: [],
    example: {},
  }),
  register: defineRoute({
    id: 'operator-keys.register',
    method: 'POST',
    path: '/api/v1/operator-keys',
    summary: { en: 'Register a key of one’s own', zh: '登记自己的密钥' },
    access: signedIn,
    body: z.object({
      name: z.string().trim().min(1).max(80),
      publicKey: z.base64().length(44),
      expiresAt: Timestamp,
      nonce: z.string().max(64),
      /** Over OPERATOR_KEY_TAG and the nonce. */
      proof: z.string().max(128),
    }),
    response: OperatorKey,
    errors: [
      'OPERATOR_KEY_PROOF_INVALID',
      'OPERATOR_KEY_KNOWN',
      'OPERATOR_KEYS_TOO_MANY',
      'OPERATOR_KEY_TIME_INVALID',
    ],
    example: {
      body: {
        name: 'laptop',
        publicKey: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
        expiresAt: '2027-01-01T00:00:00.000Z',
        nonce: 'no-such-nonce',
        proof: 'AAAA',
      },
    },
  }),
  revoke: defineRoute({
    id: 'operator-keys.revoke',
    method: 'POST',
    path: '/api/v1/operator-keys/{keyId}/revoke',
    summary: {
      en: 'Revoke a key of one’s own; whoever manages people may revoke anybody’s',
      zh: '吊销自己的密钥；用户管理员可吊销任何人的密钥',
    },
    access: signedIn,
    params: z.object({ keyId: z.string().max(64) }),
    body: z.object({ reason: Comment.default('') }),
    response: OperatorKey,
    errors: ['OPERATOR_KEY_UNKNOWN', 'OPERATOR_KEY_NOT_YOURS', 'OPERATOR_KEY_REVOKED'],
    example: { params: { keyId: '0123456789abcdef' }, body: { reason: 'lost laptop' } },
  }),
} as const;

const MandateText = z.string().max(256 * 1024);
const SignatureBody = z.object({ keyId: z.string().max(64), value: z.string().max(128) });

/** A mandate with who signed it. `id` is the SHA-256 of its text. */
export const MandateRecord = z.object({
  id: Digest,
  text: MandateText,
  mandate: Mandate,
  signatures: z.array(PlanSignature),
  createdAt: Timestamp,
  revokedAt: Timestamp.nullable(),
});
export type MandateRecord = z.infer<typeof MandateRecord>;

const mandateId = z.object({ mandateId: Digest });
const exampleMandate = { mandateId: exampleDigest };
const KEY_ERRORS = [
  'OPERATOR_KEY_UNKNOWN',
  'OPERATOR_KEY_NOT_YOURS',
  'OPERATOR_KEY_EXPIRED',
  'OPERATOR_KEY_REVOKED',
  'SIGNATURE_INVALID',
  'APPROVAL_FORBIDDEN',
] as const;

export const mandateRoutes = {
  list: defineRoute({
    id: 'mandates.list',
    method: 'GET',
    path: '/api/v1/mandates',
    summary: { en: 'Signed mandates, newest first', zh: '已签署的授权书，最新的在前' },
    access: read,
    query: PageQuery,
    response: pageOf(MandateRecord),
    errors: [],
    example: {},
  }),
  get: defineRoute({
    id: 'mandates.get',
    method: 'GET',
    path: '/api/v1/mandates/{mandateId}',
    summary: { en: 'One mandate, as it was signed', zh: '查看授权书原文' },
    access: read,
    params: mandateId,
    response: MandateRecord,
    errors: ['NOT_FOUND'],
    example: { params: exampleMandate },
  }),
  create: defineRoute({
    id: 'mandates.create',
    method: 'POST',
    path: '/api/v1/mandates',
    summary: { en: 'Bring a mandate with one’s own signature', zh: '提交并签署授权书' },
    access: approve,
    body: z.object({ text: MandateText, signature: SignatureBody }),
    response: MandateRecord,
    errors: ['MANDATE_INVALID', 'MANDATE_OVER', ...KEY_ERRORS],
    example: { body: { text: '{}', signature: { keyId: '0123456789abcdef', value: 'AAAA' } } },
  }),
  sign: defineRoute({
    id: 'mandates.sign',
    method: 'POST',
    path: '/api/v1/mandates/{mandateId}/signatures',
    summary: { en: 'Sign a mandate, too', zh: '共同签署授权书' },
    access: approve,
    params: mandateId,
    body: SignatureBody,
    response: MandateRecord,
    errors: ['NOT_FOUND', 'MANDATE_OVER', ...KEY_ERRORS],
    example: { params: exampleMandate, body: { keyId: '0123456789abcdef', value: 'AAAA' } },
  }),
  revoke: defineRoute({
    id: 'mandates.revoke',
    method: 'POST',
    path: '/api/v1/mandates/{mandateId}/revoke',
    summary: { en: 'This server uses a mandate no more', zh: '服务器不再使用该授权书' },
    access: approve,
    params: mandateId,
    body: z.object({ reason: Comment.default('') }),
    response: MandateRecord,
    errors: ['NOT_FOUND', 'MANDATE_OVER', 'APPROVAL_FORBIDDEN'],
    example: { params: exampleMandate, body: { reason: 'no longer needed' } },
  }),
  use: defineRoute({
    id: 'mandates.use',
    method: 'POST',
    path: '/api/v1/plans/{digest}/mandate',
    summary: { en: 'Have a plan carried out under a mandate', zh: '按授权书执行计划' },
    access: { kind: 'permission', permission: 'rollouts.start' },
    params: planDigest,
    body: mandateId,
    response: PlanAuthority,
    errors: [
      'NOT_FOUND',
      'PLAN_EXPIRED',
      'PLAN_HOST_FORBIDDEN',
      'PLAN_PERMISSION_LACKING',
      'MANDATE_OVER',
      'MANDATE_NOT_SIGNED',
      'MANDATE_NOT_COVERING',
    ],
    example: { params: { digest: exampleDigest }, body: exampleMandate },
  }),
} as const;

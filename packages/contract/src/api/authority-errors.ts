import { defineErrors } from '../errors.ts';

/** Refusals of approvals, signatures, operators' keys and mandates. */
export const authorityErrors = defineErrors({
  APPROVAL_OWN_PLAN: {
    status: 403,
    title: {
      en: 'You made this plan, and nobody approves their own',
      zh: '该计划由您制定，不能批准自己的计划',
    },
    hint: {
      en: 'Ask somebody else: pilothouse approve {planDigest}',
      zh: '请由他人批准：pilothouse approve {planDigest}',
    },
    retry: 'never',
  },
  APPROVAL_FORBIDDEN: {
    status: 403,
    title: {
      en: 'You may not approve {effect} actions on {count} of the hosts of this plan: {hosts}',
      zh: '您无权批准该计划在其中 {count} 台主机上的 {effect} 类操作：{hosts}',
    },
    hint: {
      en: 'Whoever approves needs rollouts.approve on all hosts of the plan. Ask somebody whose role covers them.',
      zh: '批准者须在计划的全部主机上拥有 rollouts.approve。请由权限覆盖这些主机的人批准。',
    },
    retry: 'after-change',
  },
  APPROVAL_ALREADY_GIVEN: {
    status: 409,
    title: { en: 'You approved this plan already', zh: '您已批准过该计划' },
    hint: {
      en: 'One person counts once. Somebody else has to approve, too: {missing} {missing:is|are} missing.',
      zh: '每人只计一次，还需其他人批准：尚缺 {missing} 个。',
    },
    retry: 'never',
  },
  APPROVAL_NOT_GIVEN: {
    status: 409,
    title: {
      en: 'There is no approval of yours to take back',
      zh: '没有可撤回的您的批准',
    },
    hint: {
      en: 'See who approved: pilothouse approve {planDigest} --show',
      zh: '查看批准者：pilothouse approve {planDigest} --show',
    },
    retry: 'never',
  },
  OPERATOR_KEY_UNKNOWN: {
    status: 404,
    title: { en: 'No key {keyId} is registered here', zh: '此处未登记密钥 {keyId}' },
    hint: {
      en: 'Register it: pilothouse key add. A changed plan or another server knows other keys.',
      zh: '请登记：pilothouse key add。',
    },
    retry: 'after-change',
  },
  OPERATOR_KEY_NOT_YOURS: {
    status: 403,
    title: { en: 'The key {keyId} belongs to {owner}', zh: '密钥 {keyId} 属于 {owner}' },
    hint: {
      en: 'Sign with a key of your own: pilothouse key create',
      zh: '请使用您自己的密钥签名：pilothouse key create',
    },
    retry: 'after-change',
  },
  OPERATOR_KEY_EXPIRED: {
    status: 409,
    title: { en: 'The key {keyId} expired at {expiresAt}', zh: '密钥 {keyId} 已于 {expiresAt} 过期' },
    hint: {
      en: 'Make and register a new one: pilothouse key create. Hosts in strict mode have to learn of it, too.',
      zh: '请创建并登记新密钥：pilothouse key create。严格模式的主机也须更新。',
    },
    retry: 'after-change',
  },
  OPERATOR_KEY_REVOKED: {
    status: 409,
    title: { en: 'The key {keyId} was revoked at {revokedAt}', zh: '密钥 {keyId} 已于 {revokedAt} 吊销' },
    hint: { en: 'Sign with another key: pilothouse key list', zh: '请使用其他密钥：pilothouse key list' },
    retry: 'after-change',
  },
  OPERATOR_KEY_KNOWN: {
    status: 409,
    title: {
      en: 'The key {keyId} is registered already, for {owner}',
      zh: '密钥 {keyId} 已登记，所有者为 {owner}',
    },
    hint: {
      en: 'One key is one person’s. Make a new one: pilothouse key create',
      zh: '一把密钥只属于一个人。请创建新密钥：pilothouse key create',
    },
    retry: 'after-change',
  },
  OPERATOR_KEY_PROOF_INVALID: {
    status: 409,
    title: {
      en: 'The signature does not prove that you hold this key',
      zh: '该签名无法证明您持有此密钥',
    },
    hint: {
      en: 'The nonce is signed with the key itself and lives {minutes} minutes. Try again: pilothouse key add',
      zh: '须用该密钥对随机数签名，随机数 {minutes} 分钟内有效。请重试：pilothouse key add',
    },
    retry: 'after-change',
  },
  OPERATOR_KEYS_TOO_MANY: {
    status: 409,
    title: { en: 'You have {count} keys already', zh: '您已有 {count} 把密钥' },
    hint: {
      en: 'Revoke those you no longer use: pilothouse key revoke ID',
      zh: '请吊销不再使用的密钥：pilothouse key revoke ID',
    },
    retry: 'after-change',
  },
  OPERATOR_KEY_TIME_INVALID: {
    status: 400,
    title: { en: 'A key cannot last until {expiresAt}', zh: '密钥有效期不能到 {expiresAt}' },
    hint: {
      en: 'Take a time in the future, at most {daysMax} days from now.',
      zh: '请选择未来的时间，最长 {daysMax} 天。',
    },
    retry: 'after-change',
  },
  SIGNATURE_INVALID: {
    status: 409,
    title: {
      en: 'The signature by {keyId} is not over {what}',
      zh: '密钥 {keyId} 的签名与 {what} 不符',
    },
    hint: {
      en: 'It was made over something else, or damaged on its way. A changed plan is a new plan: sign that one.',
      zh: '签名内容不同或在传输中损坏。计划变更后即为新计划：请签署新计划。',
    },
    retry: 'after-change',
  },
  MANDATE_INVALID: {
    status: 400,
    title: { en: 'This is not a valid mandate: {problem}', zh: '授权书无效：{problem}' },
    hint: {
      en: 'Write it anew: pilothouse mandate create',
      zh: '请重新编写：pilothouse mandate create',
    },
    retry: 'after-change',
  },
  MANDATE_OVER: {
    status: 409,
    title: { en: 'The mandate ended at {at}: {reason}', zh: '授权书已于 {at} 失效：{reason}' },
    hint: { en: 'Have a new one signed.', zh: '请签署新的授权书。' },
    retry: 'never',
  },
  MANDATE_NOT_SIGNED: {
    status: 409,
    title: {
      en: 'Nobody has signed this mandate with a key that is still good',
      zh: '没有有效密钥签署该授权书',
    },
    hint: {
      en: 'Sign it: pilothouse mandate sign {mandate}',
      zh: '请签署：pilothouse mandate sign {mandate}',
    },
    retry: 'after-change',
  },
  MANDATE_NOT_COVERING: {
    status: 422,
    title: {
      en: 'The mandate does not cover {count} {count:step|steps} of this plan, the first on {host}: {problem}',
      zh: '授权书未涵盖该计划的 {count} 个步骤，首个位于 {host}：{problem}',
    },
    hint: {
      en: 'Narrow the plan, or have a wider mandate signed: pilothouse mandate show {mandate}',
      zh: '请缩小计划，或签署范围更大的授权书：pilothouse mandate show {mandate}',
    },
    retry: 'after-change',
  },
});

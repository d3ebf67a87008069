import { defineErrors } from './errors.ts';

/** Why a host with a trust policy of its own refused a task. */
export const agentAuthorityErrors = defineErrors({
  TASK_NOT_SIGNED: {
    status: 403,
    title: {
      en: 'The host wants {wanted} for what is {effect}; {given} count: {problems}',
      zh: '主机对 {effect} 类操作要求 {wanted}；有效签名 {given} 个：{problems}',
    },
    hint: {
      en: 'Sign the plan with keys that this host trusts: pilothouse sign DIGEST. On the host: pilothouse-agent policy show',
      zh: '请用该主机信任的密钥签署计划：pilothouse sign DIGEST。在主机上查看：pilothouse-agent policy show',
    },
    retry: 'after-change',
  },
  TASK_AGAIN_NOT_SIGNED: {
    status: 409,
    title: {
      en: 'This step has begun here once, and what people signed is good for once',
      zh: '该步骤已在此主机上开始过一次，签名仅对一次有效',
    },
    hint: {
      en: 'Retry it as a new plan, and have that one signed: pilothouse rollout retry ID',
      zh: '请以新计划重试并重新签署：pilothouse rollout retry ID',
    },
    retry: 'after-change',
  },
  TASK_POLICY_DAMAGED: {
    status: 500,
    title: {
      en: 'The trust policy {path} of the host cannot be used: {problem}',
      zh: '主机的信任策略 {path} 无法使用：{problem}',
    },
    hint: {
      en: 'The host refuses everything until it is right. On the host: pilothouse-agent policy check',
      zh: '修正之前主机将拒绝一切任务。请在主机上运行：pilothouse-agent policy check',
    },
    retry: 'after-change',
  },
  TASK_MANDATE_REFUSED: {
    status: 403,
    title: {
      en: 'The mandate {mandate} does not allow this here: {problem}',
      zh: '授权书 {mandate} 不允许在此执行：{problem}',
    },
    hint: {
      en: 'Sign the plan itself, or a mandate that covers it: pilothouse mandate show {mandate}',
      zh: '请签署计划本身，或签署涵盖它的授权书：pilothouse mandate show {mandate}',
    },
    retry: 'after-change',
  },
  TASK_MANDATE_USED_UP: {
    status: 409,
    title: {
      en: 'The mandate {mandate} was carried out {uses} {uses:time|times} on this host, which is all that was signed',
      zh: '授权书 {mandate} 在该主机上已执行 {uses} 次，达到签署的上限',
    },
    hint: {
      en: 'Sign a new mandate, or the plan itself.',
      zh: '请签署新的授权书，或签署计划本身。',
    },
    retry: 'after-change',
  },
  TASK_UNDO_NOT_COVERED: {
    status: 403,
    title: {
      en: 'This host has no record of having run the signed plan {planDigest} that it should undo',
      zh: '该主机没有执行过待撤销的已签署计划 {planDigest} 的记录',
    },
    hint: {
      en: 'A signed plan may be undone until a day after it expired. Later, or where it never ran, sign the undo: pilothouse sign DIGEST',
      zh: '已签署的计划在过期后一天内可撤销；更晚或从未执行时，请签署撤销计划：pilothouse sign DIGEST',
    },
    retry: 'after-change',
  },
});

import { defineErrors } from '../errors.ts';
import { planStrategyErrors } from './plan-strategy-errors.ts';

/** Why a plan cannot be made or started. */
export const planErrors = defineErrors({
  ...planStrategyErrors,
  PLAN_NO_TARGETS: {
    status: 422,
    title: { en: 'No host matches the target', zh: '没有主机匹配该目标' },
    hint: {
      en: 'Check it with: pilothouse select. {undetermined} hosts could not be decided for want of facts.',
      zh: '请用 pilothouse select 检查。另有 {undetermined} 台主机因缺少事实而无法判定。',
    },
    retry: 'after-change',
  },
  PLAN_TARGET_EMPTY: {
    status: 400,
    title: { en: 'The target names no hosts at all', zh: '目标未指定任何主机' },
    hint: {
      en: 'Give a selector, a group or host ids. All hosts are meant by the selector: true',
      zh: '请指定选择器、分组或主机标识。选择器 true 表示全部主机。',
    },
    retry: 'after-change',
  },
  PLAN_TARGETS_TOO_MANY: {
    status: 422,
    title: {
      en: '{hosts} hosts match, a plan holds at most {hostsMax}',
      zh: '匹配 {hosts} 台主机，一个计划最多 {hostsMax} 台',
    },
    hint: { en: 'Narrow the target, or make several plans.', zh: '请缩小目标范围，或拆分为多个计划。' },
    retry: 'after-change',
  },
  PLAN_HOST_UNKNOWN: {
    status: 422,
    title: {
      en: '{count} of the given hosts do not exist: {hosts}',
      zh: '指定的主机中有 {count} 台不存在：{hosts}',
    },
    hint: {
      en: 'Check the ids with: pilothouse hosts. Hosts outside your scope and decommissioned ones are absent, too.',
      zh: '请用 pilothouse hosts 检查标识。超出权限范围或已退役的主机也视为不存在。',
    },
    retry: 'after-change',
  },
  PLAN_PERMISSION_LACKING: {
    status: 403,
    title: {
      en: 'This needs {permission}, which you do not hold on {count} of these hosts: {hosts}',
      zh: '此操作需要 {permission}，您在其中 {count} 台主机上没有该权限：{hosts}',
    },
    hint: {
      en: 'Run something that was reviewed (pilothouse script list), or ask an administrator.',
      zh: '请执行经审核的内容（pilothouse script list），或联系管理员。',
    },
    retry: 'after-change',
  },
  PLAN_HOST_FORBIDDEN: {
    status: 403,
    title: {
      en: 'You may not run {effect} actions on {count} of these hosts: {hosts}',
      zh: '您无权在其中 {count} 台主机上执行 {effect} 类操作：{hosts}',
    },
    hint: {
      en: 'Narrow the target, or ask for a role with rollouts.start for {effect} actions on these hosts.',
      zh: '请缩小目标，或申请在这些主机上对 {effect} 类操作拥有 rollouts.start 权限的角色。',
    },
    retry: 'after-change',
  },
  PLAN_ACTION_UNKNOWN: {
    status: 422,
    title: { en: 'There is no action {action}', zh: '不存在操作 {action}' },
    hint: {
      en: 'Check the name; the plugin that brings it may be missing. Near: {near}',
      zh: '请检查名称；提供它的插件可能未安装。相近的有：{near}',
    },
    retry: 'after-change',
  },
  PLAN_PARAMETERS_INVALID: {
    status: 422,
    title: { en: 'Parameters of {action} are not valid: {problem}', zh: '{action} 的参数无效：{problem}' },
    hint: { en: 'Correct {where} and send it again.', zh: '请更正 {where} 后重新发送。' },
    retry: 'after-change',
  },
  PLAN_LABEL_MISSING: {
    status: 422,
    title: {
      en: 'The parameters ask for the label {label}, which {count} {count:host lacks|hosts lack}: {hosts}',
      zh: '参数需要标签 {label}，但 {count} 台主机没有该标签：{hosts}',
    },
    hint: {
      en: 'Set it: pilothouse host label --host NAME {label}=VALUE, or leave these hosts out.',
      zh: '请设置标签：pilothouse host label --host 名称 {label}=值，或排除这些主机。',
    },
    retry: 'after-change',
  },
  PLAN_PARAMETERS_TOO_LARGE: {
    status: 413,
    title: {
      en: 'Parameters of {action} are larger than {limitBytes} bytes',
      zh: '{action} 的参数超过 {limitBytes} 字节',
    },
    hint: {
      en: 'Bring large content as a script or file instead of a parameter.',
      zh: '请以脚本或文件的方式提供大块内容。',
    },
    retry: 'after-change',
  },
  PLAN_STRATEGY_INVALID: {
    status: 422,
    title: { en: 'The strategy is not valid: {problem}', zh: '策略无效：{problem}' },
    hint: { en: 'Correct {where}.', zh: '请更正 {where}。' },
    retry: 'after-change',
  },
  PLAN_FACTS_STALE: {
    status: 422,
    title: {
      en: 'Facts of {count} hosts are older than the plan allows: {hosts}',
      zh: '{count} 台主机的事实早于计划允许的时间：{hosts}',
    },
    hint: {
      en: 'Wait until these hosts are online and have reported, or raise factsAgeMaxMs.',
      zh: '请等待这些主机上线并上报，或调大 factsAgeMaxMs。',
    },
    retry: 'later',
  },
  PLAN_EXPIRED: {
    status: 409,
    title: { en: 'The plan has expired at {expiresAt}', zh: '计划已于 {expiresAt} 过期' },
    hint: { en: 'Make a new plan.', zh: '请重新制定计划。' },
    retry: 'never',
  },
  PLAN_ALREADY_STARTED: {
    status: 409,
    title: { en: 'This plan was started as rollout {rolloutId}', zh: '该计划已作为发布 {rolloutId} 启动' },
    hint: {
      en: 'Look at that rollout. To run the same again, make a new plan; agents run a plan once.',
      zh: '请查看该发布。如需再次执行，请制定新计划；agent 对每个计划只执行一次。',
    },
    retry: 'never',
  },
});

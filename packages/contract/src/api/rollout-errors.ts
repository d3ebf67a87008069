import { defineErrors } from '../errors.ts';

/** Refusals of acts on rollouts. */
export const rolloutErrors = defineErrors({
  ROLLOUT_STATE_CONFLICT: {
    status: 409,
    title: { en: 'A rollout that is {state} cannot {act}', zh: '处于 {state} 状态的发布无法执行 {act}' },
    hint: {
      en: 'Look at its state: pilothouse rollout {rolloutId}',
      zh: '请查看其状态：pilothouse rollout {rolloutId}',
    },
    retry: 'after-change',
  },
  ROLLOUT_NOTHING_TO_RETRY: {
    status: 409,
    title: { en: 'No host of this rollout needs a retry', zh: '该发布没有需要重试的主机' },
    hint: {
      en: 'All succeeded, or those left are unknown ({unknown}): include unknown ones only after checking them.',
      zh: '全部成功，或仅剩结果未知的 {unknown} 台：请先核实再选择包含它们。',
    },
    retry: 'after-change',
  },
  ROLLOUT_NOTHING_TO_UNDO: {
    status: 409,
    title: { en: 'The rollout changed no host that is still there', zh: '该发布未更改任何仍在册的主机' },
    hint: {
      en: 'See what it did: pilothouse rollout tasks ID',
      zh: '查看其执行情况：pilothouse rollout tasks 标识',
    },
    retry: 'never',
  },
  ROLLOUT_NOT_ENDED: {
    status: 409,
    title: { en: 'The rollout has not ended', zh: '发布尚未结束' },
    hint: { en: 'Wait for its end, or cancel it first.', zh: '请等待其结束，或先取消。' },
    retry: 'later',
  },
  ROLLOUT_FORBIDDEN: {
    status: 403,
    title: {
      en: 'This rollout reaches {count} hosts outside your {permission}',
      zh: '该发布涉及 {count} 台超出您 {permission} 权限的主机',
    },
    hint: {
      en: 'Ask somebody whose role covers all its hosts.',
      zh: '请联系权限覆盖全部相关主机的人员。',
    },
    retry: 'after-change',
  },
  ROLLOUTS_BUSY: {
    status: 503,
    title: { en: 'The rollout engine has more to do than it can queue', zh: '发布引擎队列已满' },
    hint: { en: 'Try again in a few seconds.', zh: '请几秒后重试。' },
    retry: 'later',
  },
  OUTPUT_NOT_THERE: {
    status: 404,
    title: { en: 'The output of task {taskId} is not here', zh: '任务 {taskId} 的输出不在此处' },
    hint: {
      en: 'It has not arrived yet, the task printed nothing, or retention has removed it.',
      zh: '可能尚未到达、任务没有输出，或已按保留策略清除。',
    },
    retry: 'later',
  },
});

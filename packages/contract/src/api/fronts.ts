import { defineErrors } from '../errors.ts';

/** What a front of an installation of several processes answers by itself. */
export const frontsErrors = defineErrors({
  FRONT_LEADER_AWAY: {
    status: 503,
    title: {
      en: 'No server process leads at the moment',
      zh: '当前没有主控服务器进程',
    },
    hint: {
      en: 'Another one takes over within seconds; nothing of this request was done. Repeat it in {seconds} s.',
      zh: '其他进程会在数秒内接管；此请求未执行任何操作。请在 {seconds} 秒后重试。',
    },
    retry: 'later',
  },
  FRONT_OUTCOME_UNKNOWN: {
    status: 502,
    title: {
      en: 'The leading server process ended in the middle of this request',
      zh: '主控服务器进程在处理此请求时终止',
    },
    hint: {
      en: 'It may have been carried out. Look before you send it again; with an Idempotency-Key it would have been repeated safely.',
      zh: '该请求可能已执行。重新发送前请先确认；若带有 Idempotency-Key，则会自动安全重试。',
    },
    retry: 'after-change',
  },
});

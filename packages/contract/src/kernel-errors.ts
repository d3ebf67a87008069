import { defineErrors } from './errors.ts';

/** Errors that any route can answer. Each kernel room adds its own table beside its routes in `api/`. */
export const commonErrors = defineErrors({
  INTERNAL: {
    status: 500,
    title: { en: 'Something went wrong on the server', zh: '服务器内部出错' },
    hint: {
      en: 'Try again. If it stays, search the server log for request {requestId}.',
      zh: '请重试；若仍出错，请在服务器日志中查找请求 {requestId}。',
    },
    retry: 'later',
  },
  INVALID_REQUEST: {
    status: 400,
    title: { en: 'The request is not valid: {problem}', zh: '请求无效：{problem}' },
    hint: { en: 'Correct {where} and send it again.', zh: '请更正 {where} 后重新发送。' },
    retry: 'after-change',
  },
  BODY_TOO_LARGE: {
    status: 413,
    title: { en: 'The request body is larger than {limitBytes} bytes', zh: '请求体超过 {limitBytes} 字节' },
    hint: {
      en: 'Send less at once, for example in several requests.',
      zh: '请减少单次发送的数据，例如分多次请求。',
    },
    retry: 'after-change',
  },
  NOT_FOUND: {
    status: 404,
    title: { en: 'There is no {what} {id}', zh: '不存在{what} {id}' },
    hint: {
      en: 'Check the id. What lies outside your scope is shown as absent, too.',
      zh: '请检查标识。超出您权限范围的对象也显示为不存在。',
    },
    retry: 'after-change',
  },
  UNAUTHENTICATED: {
    status: 401,
    title: { en: 'You are not signed in', zh: '您尚未登录' },
    hint: { en: 'Sign in, or run: pilothouse login', zh: '请登录，或运行：pilothouse login' },
    retry: 'after-change',
  },
  FORBIDDEN: {
    status: 403,
    title: { en: 'You may not do this: it needs {permission}', zh: '您无权执行此操作：需要 {permission}' },
    hint: {
      en: 'Ask an administrator for a role that grants {permission} on these hosts.',
      zh: '请联系管理员授予在这些主机上的 {permission} 权限。',
    },
    retry: 'after-change',
  },
  EDIT_CONFLICT: {
    status: 412,
    title: { en: '{what} {id} was changed by somebody else', zh: '{what} {id} 已被他人修改' },
    hint: { en: 'Read it again and repeat your change.', zh: '请重新读取后再次修改。' },
    retry: 'after-change',
  },
  IDEMPOTENCY_MISMATCH: {
    status: 409,
    title: {
      en: 'This idempotency key was used with another request',
      zh: '该幂等键已用于另一个请求',
    },
    hint: { en: 'Use a new key for a new request.', zh: '新请求请使用新的幂等键。' },
    retry: 'after-change',
  },
  IDEMPOTENCY_OUTCOME_UNKNOWN: {
    status: 409,
    title: {
      en: 'An earlier request with this idempotency key was cut off; it may or may not have taken effect',
      zh: '使用该幂等键的先前请求被中断，是否生效未知',
    },
    hint: {
      en: 'Look whether it did; if not, send it with a new key.',
      zh: '请先确认是否已生效；若未生效，请使用新的幂等键重新发送。',
    },
    retry: 'after-change',
  },
  TOO_MANY_REQUESTS: {
    status: 429,
    title: { en: 'Too many requests', zh: '请求过于频繁' },
    hint: { en: 'Wait {seconds} s and try again.', zh: '请等待 {seconds} 秒后重试。' },
    retry: 'later',
  },
  NOT_READY: {
    status: 503,
    title: { en: 'The server is not ready: {reason}', zh: '服务器未就绪：{reason}' },
    hint: { en: 'Wait a moment and try again.', zh: '请稍后重试。' },
    retry: 'later',
  },
});

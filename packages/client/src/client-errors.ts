import { defineErrors } from '@pilothouse/contract';

/** What can go wrong between a client and a server before the server's own words are heard. */
export const clientErrors = defineErrors({
  CLIENT_UNREACHABLE: {
    status: 503,
    title: { en: 'Cannot reach {url}: {reason}', zh: '无法连接 {url}：{reason}' },
    hint: {
      en: 'Check that the server runs and that the address is right.',
      zh: '请确认服务器正在运行且地址正确。',
    },
    retry: 'later',
  },
  CLIENT_UNTRUSTED: {
    status: 495,
    title: { en: 'The certificate of {url} is not trusted: {reason}', zh: '{url} 的证书不受信任：{reason}' },
    hint: {
      en: 'Sign in again with the pin that the server printed: pilothouse login {url} --pin …',
      zh: '请使用服务器打印的指纹重新登录：pilothouse login {url} --pin …',
    },
    retry: 'after-change',
  },
  CLIENT_ANSWER_INVALID: {
    status: 502,
    title: {
      en: 'The answer to {method} {path} is not what was expected: {problem}',
      zh: '{method} {path} 的应答不符合预期：{problem}',
    },
    hint: {
      en: 'Check that the address is a Pilothouse server (a proxy may answer in its place) and that both have the same version.',
      zh: '请确认该地址是 Pilothouse 服务器（可能是代理在应答），且两端版本一致。',
    },
    retry: 'after-change',
  },
  CLIENT_LIST_ENDLESS: {
    status: 502,
    title: {
      en: 'The list has not ended after {pages} pages',
      zh: '列表在 {pages} 页之后仍未结束',
    },
    hint: {
      en: 'Ask for less, by a filter or a limit.',
      zh: '请使用筛选条件或数量上限缩小范围。',
    },
    retry: 'after-change',
  },
  CLIENT_LINE_TOO_LONG: {
    status: 502,
    title: {
      en: 'A line of the stream is longer than {limit} characters',
      zh: '数据流中有一行超过 {limit} 个字符',
    },
    hint: {
      en: 'Check that the address is a Pilothouse server of the same version.',
      zh: '请确认该地址是相同版本的 Pilothouse 服务器。',
    },
    retry: 'never',
  },
});

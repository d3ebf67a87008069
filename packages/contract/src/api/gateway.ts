import { defineErrors } from '../errors.ts';
import { defineFinding } from '../finding.ts';

const againSoon = { en: 'The agent comes back by itself.', zh: 'agent 将自动重连。' };

/** What agents are told by the gateway. */
export const gatewayErrors = defineErrors({
  GATEWAY_NO_CERTIFICATE: {
    status: 401,
    title: { en: 'The connection carries no host certificate', zh: '连接未携带主机证书' },
    hint: { en: 'Enrol the host first.', zh: '请先注册该主机。' },
    retry: 'after-change',
  },
  GATEWAY_RENEW_ONLY: {
    status: 403,
    title: {
      en: 'The host certificate is good only for its own renewal',
      zh: '主机证书目前只能用于续期',
    },
    hint: {
      en: 'Open a session and renew the certificate first.',
      zh: '请先建立会话并续期证书。',
    },
    retry: 'after-change',
  },
  GATEWAY_BUSY: {
    status: 503,
    title: { en: 'The gateway is busy', zh: '网关繁忙' },
    hint: { en: 'Come back in {seconds} s.', zh: '请在 {seconds} 秒后重试。' },
    retry: 'later',
  },
  GATEWAY_NO_SUCH_PATH: {
    status: 404,
    title: { en: 'The gateway has no {path}', zh: '网关没有路径 {path}' },
    hint: {
      en: 'This listener is for agents. The console and the API have a listener of their own.',
      zh: '此端口仅供 agent 使用；控制台和 API 使用另外的端口。',
    },
    retry: 'never',
  },
  GATEWAY_HELLO_LATE: {
    status: 408,
    title: { en: 'The session did not begin in time', zh: '会话未能及时开始' },
    hint: againSoon,
    retry: 'later',
  },
  GATEWAY_PROTOCOL_VERSION: {
    status: 400,
    title: {
      en: 'The agent speaks protocol {spoken}; this server speaks {served}',
      zh: 'agent 使用协议版本 {spoken}，本服务器使用版本 {served}',
    },
    hint: { en: 'Update the older of the two.', zh: '请升级两者中较旧的一方。' },
    retry: 'after-change',
  },
  GATEWAY_HOSTILE_AGENT: {
    status: 400,
    title: {
      en: 'The agent sent {count} frames that break the protocol',
      zh: 'agent 发送了 {count} 个违反协议的帧',
    },
    hint: {
      en: 'Look at the finding gateway.hostile-agent; the session may be tried again after a while.',
      zh: '请查看 gateway.hostile-agent 问题；稍后可再次尝试会话。',
    },
    retry: 'after-change',
  },
  GATEWAY_CERTIFICATE_EXPIRED: {
    status: 403,
    title: { en: 'The host certificate expired during the session', zh: '主机证书在会话期间过期' },
    hint: againSoon,
    retry: 'later',
  },
  GATEWAY_BODY_ENCODING: {
    status: 415,
    title: { en: 'The body has encoding {encoding}', zh: '请求体编码为 {encoding}' },
    hint: { en: 'Send it as zstd, gzip or identity.', zh: '请使用 zstd、gzip 或 identity 编码。' },
    retry: 'after-change',
  },
  GATEWAY_BODY_CORRUPT: {
    status: 400,
    title: { en: 'The body cannot be decoded as {encoding}', zh: '请求体无法按 {encoding} 解码' },
    hint: { en: 'Send it again.', zh: '请重新发送。' },
    retry: 'later',
  },
  GATEWAY_DIGEST_MISMATCH: {
    status: 422,
    title: { en: 'The body does not have digest {digest}', zh: '请求体的摘要不是 {digest}' },
    hint: { en: 'Send it under its own digest.', zh: '请使用其自身的摘要发送。' },
    retry: 'after-change',
  },
});

/** What the gateway finds wrong with hosts. */
export const gatewayFindings = {
  clone: defineFinding({
    kind: 'gateway.clone',
    severity: 'critical',
    title: {
      en: 'Two machines use the identity of this host: {addresses}',
      zh: '两台机器使用了该主机的身份：{addresses}',
    },
    hint: {
      en: 'Both are quarantined. Enrol one of them anew with its own token, then release this host.',
      zh: '两者均已隔离。请用新令牌重新注册其中一台，然后解除该主机的隔离。',
    },
    remedy: null,
  }),
  clockSkew: defineFinding({
    kind: 'gateway.clock-skew',
    severity: 'medium',
    title: { en: "The host's clock is off by {skewSeconds} s", zh: '主机时钟偏差 {skewSeconds} 秒' },
    hint: {
      en: 'The host refuses tasks until its clock is right. Check its time synchronisation.',
      zh: '时钟恢复正常前主机将拒绝任务。请检查时间同步。',
    },
    remedy: null,
  }),
  hostileAgent: defineFinding({
    kind: 'gateway.hostile-agent',
    severity: 'high',
    title: {
      en: 'The agent broke the protocol {count} times, last by: {problem}',
      zh: 'agent 违反协议 {count} 次，最近一次：{problem}',
    },
    hint: {
      en: 'Check its version and whether the host was tampered with; quarantine it if in doubt.',
      zh: '请检查其版本以及主机是否被篡改；如有疑问请隔离。',
    },
    remedy: null,
  }),
};

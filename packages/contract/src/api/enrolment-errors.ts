import { defineErrors } from '../errors.ts';

const newToken = {
  en: 'Make a new token with: pilothouse enrol',
  zh: '请用 pilothouse enrol 创建新令牌。',
};
const enrolAgain = {
  en: 'Enrol the host again with a new token.',
  zh: '请使用新令牌重新注册该主机。',
};

/** What can go wrong when hosts enrol, renew, and when trust rotates. */
export const enrolmentErrors = defineErrors({
  ENROL_TOKEN_UNKNOWN: {
    status: 401,
    title: { en: 'No such enrolment token', zh: '注册令牌不存在' },
    hint: {
      en: 'Check that the whole token was pasted and that it is for this server, or make a new one.',
      zh: '请确认已完整粘贴令牌且令牌属于本服务器，或创建新令牌。',
    },
    retry: 'after-change',
  },
  ENROL_TOKEN_EXPIRED: {
    status: 401,
    title: { en: 'The enrolment token expired at {expiresAt}', zh: '注册令牌已于 {expiresAt} 过期' },
    hint: newToken,
    retry: 'after-change',
  },
  ENROL_TOKEN_USED_UP: {
    status: 401,
    title: {
      en: 'The enrolment token has been used {usesMax} of {usesMax} times',
      zh: '注册令牌的 {usesMax} 次使用已全部用完',
    },
    hint: newToken,
    retry: 'after-change',
  },
  ENROL_TOKEN_REVOKED: {
    status: 401,
    title: { en: 'The enrolment token was revoked', zh: '注册令牌已被吊销' },
    hint: newToken,
    retry: 'after-change',
  },
  ENROL_TOKEN_SCOPE: {
    status: 403,
    title: {
      en: 'A host with these labels and groups would be outside your scope',
      zh: '具有这些标签和分组的主机超出您的权限范围',
    },
    hint: {
      en: 'Give the token labels and groups that your role covers.',
      zh: '请为令牌指定您的角色所覆盖的标签和分组。',
    },
    retry: 'after-change',
  },
  ENROL_CSR_INVALID: {
    status: 400,
    title: { en: 'The certificate request is not valid: {problem}', zh: '证书请求无效：{problem}' },
    hint: {
      en: 'Send a PKCS#10 request in PEM for a P-256 key, signed by that key.',
      zh: '请发送由 P-256 密钥签名的 PEM 格式 PKCS#10 请求。',
    },
    retry: 'after-change',
  },
  ENROL_KEY_MISSING: {
    status: 500,
    title: { en: 'The private key file {path} is missing', zh: '私钥文件 {path} 缺失' },
    hint: {
      en: 'Restore the keys directory from the same backup as the store.',
      zh: '请从与数据库相同的备份中恢复 keys 目录。',
    },
    retry: 'after-change',
  },
  ENROL_CERTIFICATE_UNKNOWN: {
    status: 401,
    title: { en: 'This server did not issue the host certificate', zh: '主机证书不是由本服务器签发' },
    hint: enrolAgain,
    retry: 'after-change',
  },
  ENROL_CERTIFICATE_REVOKED: {
    status: 403,
    title: { en: 'The host certificate was revoked at {revokedAt}', zh: '主机证书已于 {revokedAt} 被吊销' },
    hint: enrolAgain,
    retry: 'after-change',
  },
  ENROL_RENEWED_TOO_OFTEN: {
    status: 429,
    title: {
      en: 'The host got {count} certificates within an hour',
      zh: '该主机一小时内已获得 {count} 张证书',
    },
    hint: {
      en: 'See why its agent keeps none of them, on the host: journalctl -u pilothouse-agent',
      zh: '请在该主机上查看其 agent 未能保存证书的原因：journalctl -u pilothouse-agent',
    },
    retry: 'later',
  },
  ENROL_HOST_REFUSED: {
    status: 403,
    title: { en: 'A person refused this host', zh: '该主机已被人工拒绝' },
    hint: {
      en: 'Ask an administrator, then enrol the host again with a new token.',
      zh: '请联系管理员，然后使用新令牌重新注册。',
    },
    retry: 'after-change',
  },
  ENROL_HOST_REPLACED: {
    status: 403,
    title: {
      en: 'This host replaces another and takes over its identity',
      zh: '该主机将替换另一台主机并接管其身份',
    },
    hint: { en: 'The agent comes back and renews by itself.', zh: 'agent 将自动重连并续期。' },
    retry: 'later',
  },
  ENROL_HOST_GONE: {
    status: 403,
    title: { en: 'This host was decommissioned', zh: '该主机已退役' },
    hint: enrolAgain,
    retry: 'after-change',
  },
  ENROL_NOT_PENDING: {
    status: 409,
    title: { en: 'Host {id} does not wait for a decision', zh: '主机 {id} 不在等待确认' },
    hint: { en: 'List the waiting hosts again.', zh: '请重新列出待确认主机。' },
    retry: 'after-change',
  },
  ENROL_NOTHING_TO_REPLACE: {
    status: 409,
    title: {
      en: 'Host {id} replaces no other host: none registered has its machine id',
      zh: '主机 {id} 没有可替换的对象：没有相同 machine-id 的已注册主机',
    },
    hint: { en: 'Accept it as a new host.', zh: '请将其作为新主机接受。' },
    retry: 'after-change',
  },
  ENROL_ROTATION_OPEN: {
    status: 409,
    title: { en: 'A rotation of the {kind} key is already open', zh: '{kind} 密钥的轮换已在进行中' },
    hint: {
      en: 'Wait until all hosts have moved, or retire the old key first.',
      zh: '请等待所有主机完成迁移，或先停用旧密钥。',
    },
    retry: 'after-change',
  },
  ENROL_NO_ROTATION: {
    status: 409,
    title: { en: 'No rotation of the {kind} key is open', zh: '没有进行中的 {kind} 密钥轮换' },
    hint: { en: 'Start one before you retire a key.', zh: '请先开始轮换再停用旧密钥。' },
    retry: 'after-change',
  },
  ENROL_HOSTS_NOT_MOVED: {
    status: 409,
    title: {
      en: '{count} hosts still trust only the old {kind} key',
      zh: '仍有 {count} 台主机只信任旧的 {kind} 密钥',
    },
    hint: {
      en: 'Wait for them, or say evenIfHostsRemain: they come back by fetching the signed bundle.',
      zh: '请等待，或指定 evenIfHostsRemain：这些主机将通过获取签名信任包恢复。',
    },
    retry: 'after-change',
  },
});

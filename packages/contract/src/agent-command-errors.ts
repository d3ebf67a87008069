import { defineErrors } from './errors.ts';

/** What the agent's own command line says on a host. */
export const agentCommandErrors = defineErrors({
  AGENT_USAGE: {
    status: 400,
    title: { en: 'The line is not valid: {problem}', zh: '命令行无效：{problem}' },
    hint: { en: 'See: pilothouse-agent help', zh: '请查看：pilothouse-agent help' },
    retry: 'after-change',
  },
  AGENT_TOKEN_INVALID: {
    status: 400,
    title: { en: 'This is not an enrolment token', zh: '这不是有效的注册令牌' },
    hint: {
      en: 'A token begins with pht1. and is one word. Paste all of it, or make a new one: pilothouse enrol',
      zh: '令牌以 pht1. 开头且不含空格。请完整粘贴，或创建新令牌：pilothouse enrol',
    },
    retry: 'after-change',
  },
  AGENT_PIN_MISMATCH: {
    status: 403,
    title: {
      en: '{url} is not the server that this token is for',
      zh: '{url} 不是该令牌所属的服务器',
    },
    hint: {
      en: 'Nothing secret was sent. Check the address, or whether something on the way replaces certificates; then make a new token.',
      zh: '未发送任何机密信息。请检查地址以及途中是否有设备替换证书，然后创建新令牌。',
    },
    retry: 'after-change',
  },
  AGENT_UNREACHABLE: {
    status: 503,
    title: { en: 'The server {url} cannot be reached: {reason}', zh: '无法连接服务器 {url}：{reason}' },
    hint: {
      en: 'Check address, port, firewall and proxy (HTTPS_PROXY), then try again.',
      zh: '请检查地址、端口、防火墙和代理 (HTTPS_PROXY)，然后重试。',
    },
    retry: 'later',
  },
  AGENT_ENROL_REFUSED: {
    status: 403,
    title: { en: '{url} refused: {title} ({code})', zh: '{url} 拒绝：{title}（{code}）' },
    hint: { en: '{hint}', zh: '{hint}' },
    retry: 'after-change',
  },
  AGENT_ANSWER_INVALID: {
    status: 502,
    title: { en: '{url} does not answer like a Pilothouse gateway', zh: '{url} 的响应不像 Pilothouse 网关' },
    hint: {
      en: 'Check that the address and port are those of the agents’ gateway, not of the console.',
      zh: '请确认地址和端口属于 agent 网关，而不是控制台。',
    },
    retry: 'after-change',
  },
  AGENT_ALREADY_ENROLLED: {
    status: 409,
    title: {
      en: 'This directory already holds the identity of host {hostId}',
      zh: '该目录已有主机 {hostId} 的身份',
    },
    hint: {
      en: 'Run it with: pilothouse-agent run. To enrol anew, say --again: the old identity is then forgotten here.',
      zh: '请运行：pilothouse-agent run。若要重新注册，请使用 --again：本机上的旧身份将被丢弃。',
    },
    retry: 'after-change',
  },
  AGENT_NOT_ENROLLED: {
    status: 409,
    title: {
      en: 'This host is not enrolled: {path} holds no identity',
      zh: '本机尚未注册：{path} 中没有身份',
    },
    hint: {
      en: 'Enrol it: pilothouse-agent enrol --token pht1.…',
      zh: '请注册：pilothouse-agent enrol --token pht1.…',
    },
    retry: 'after-change',
  },
  AGENT_DIRECTORY_UNUSABLE: {
    status: 500,
    title: { en: 'The directory {path} cannot be used: {reason}', zh: '目录 {path} 无法使用：{reason}' },
    hint: {
      en: 'Run as the user it belongs to, free some space, or choose another: --data DIR',
      zh: '请以其所属用户运行、释放空间，或选择其他目录：--data DIR',
    },
    retry: 'after-change',
  },
  AGENT_STATE_DAMAGED: {
    status: 500,
    title: { en: 'The file {path} is damaged', zh: '文件 {path} 已损坏' },
    hint: {
      en: 'Restore it, or enrol this host anew: pilothouse-agent enrol --again --token pht1.…',
      zh: '请恢复该文件，或重新注册：pilothouse-agent enrol --again --token pht1.…',
    },
    retry: 'after-change',
  },
  AGENT_POLICY_DAMAGED: {
    status: 500,
    title: {
      en: 'The trust policy {path} cannot be used: {problem}',
      zh: '信任策略 {path} 无法使用：{problem}',
    },
    hint: {
      en: 'With this file in its place the host refuses every task. Correct it; docs/signatures.md shows a whole one.',
      zh: '使用该文件的主机会拒绝一切任务。请更正；完整示例见 docs/signatures.md。',
    },
    retry: 'after-change',
  },
  AGENT_RUNS_ALREADY: {
    status: 409,
    title: { en: 'An agent already runs on {path}', zh: '已有 agent 在使用 {path}' },
    hint: {
      en: 'See: pilothouse-agent status. Two agents on one host need two directories.',
      zh: '请查看：pilothouse-agent status。同一主机运行两个 agent 需要两个目录。',
    },
    retry: 'after-change',
  },
  AGENT_FACT_UNKNOWN: {
    status: 404,
    title: { en: 'There is no fact {fact}', zh: '没有事实 {fact}' },
    hint: { en: 'This agent knows: {known}', zh: '本 agent 支持：{known}' },
    retry: 'after-change',
  },
});

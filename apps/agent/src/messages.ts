import { defineMessages } from '@pilothouse/contract';

/** What the agent's command line says beside errors. */
export const agentMessages = defineMessages({
  help: {
    en: `pilothouse-agent: the part of Pilothouse that runs on every host.

  pilothouse-agent enrol --token pht1.…   make this a host of the server that gave the token
  pilothouse-agent run                    hold the session, collect facts, carry out tasks
  pilothouse-agent status                 who this host is, and whether it is connected
  pilothouse-agent doctor                 what is wrong here, and what to do about it
  pilothouse-agent facts [NAME]           collect now and print what the server would see
  pilothouse-agent actions                what this agent can do here, and what it cannot, and why
  pilothouse-agent policy show            whose signatures this host asks for
  pilothouse-agent policy check [FILE]    whether its trust policy, or the one in FILE, can be used
  pilothouse-agent history                what this host did, and by whose word
  pilothouse-agent hold [REASON]          refuse all tasks on this host, without any server
  pilothouse-agent release                accept tasks again
  pilothouse-agent version
  pilothouse-agent help

Options
  --data DIR    where the agent keeps its files   (PILOTHOUSE_AGENT_DATA, default {data})
  --again       with enrol: forget the identity this directory holds
  --json        with history: lines that pilothouse audit hosts reads; with doctor: findings for programs
  --server URL  with run and doctor: the gateway, when it has moved (PILOTHOUSE_AGENT_SERVER; several with commas)
  --lang en|zh  language of this output           (default: from LANG)

Exit codes: 0 done · 1 not possible now · 2 the line is wrong · 3 refused · 4 the server cannot be reached`,
    zh: `pilothouse-agent：Pilothouse 在每台主机上运行的部分。

  pilothouse-agent enrol --token pht1.…   将本机注册到签发该令牌的服务器
  pilothouse-agent run                    保持会话、采集事实、执行任务
  pilothouse-agent status                 本机身份及连接状态
  pilothouse-agent doctor                 检查本机问题并给出处理建议
  pilothouse-agent facts [NAME]           立即采集并打印服务器将看到的内容
  pilothouse-agent actions                本 agent 在此能做什么、不能做什么及原因
  pilothouse-agent policy show            本机要求哪些人的签名
  pilothouse-agent policy check [FILE]    检查本机或 FILE 中的信任策略是否可用
  pilothouse-agent history                本机执行过什么、依据谁的授权
  pilothouse-agent hold [REASON]          在本机拒绝所有任务，无需服务器
  pilothouse-agent release                恢复接受任务
  pilothouse-agent version
  pilothouse-agent help

选项
  --data DIR    agent 文件目录        （PILOTHOUSE_AGENT_DATA，默认 {data}）
  --again       与 enrol 同用：丢弃该目录中已有的身份
  --json        与 history 同用：输出 pilothouse audit hosts 可读取的行；与 doctor 同用：供程序读取
  --server URL  与 run、doctor 同用：网关迁移后的地址（PILOTHOUSE_AGENT_SERVER，多个以逗号分隔）
  --lang en|zh  输出语言              （默认取自 LANG）

退出码：0 完成 · 1 当前无法完成 · 2 命令行有误 · 3 被拒绝 · 4 无法连接服务器`,
  },
  enrolled: {
    en: 'Enrolled as {hostId} at {url}. Start it with: pilothouse-agent run',
    zh: '已在 {url} 注册为 {hostId}。启动命令：pilothouse-agent run',
  },
  enrolledPending: {
    en: 'Enrolled as {hostId} at {url}. A person has to accept this host before it is given any task. Start it with: pilothouse-agent run',
    zh: '已在 {url} 注册为 {hostId}。须经人工接受后才会下发任务。启动命令：pilothouse-agent run',
  },
  notRoot: {
    en: 'Running without root. Not offered here:',
    zh: '未以 root 运行，以下内容不可用：',
  },
  policyNone: {
    en: 'No trust policy: {path} is not there. The key of the server is enough.',
    zh: '没有信任策略：{path} 不存在。服务器密钥即可生效。',
  },
  policyGood: { en: '{path} can be used.', zh: '{path} 可用。' },
  held: { en: 'This host now refuses all tasks.', zh: '本机现在拒绝所有任务。' },
  notTold: {
    en: 'The server has not heard of it yet. It will with the next heartbeat; if not: pilothouse-agent doctor',
    zh: '服务器尚未得知。下一次心跳时会得知；否则请运行：pilothouse-agent doctor',
  },
  released: { en: 'This host accepts tasks again.', zh: '本机恢复接受任务。' },
  statusHost: { en: 'host', zh: '主机' },
  statusServers: { en: 'servers', zh: '服务器' },
  statusCertificate: { en: 'certificate until', zh: '证书有效期至' },
  statusTrust: { en: 'trust version', zh: '信任版本' },
  statusWitness: { en: 'audit witness', zh: '审计见证' },
  witnessed: { en: 'record {sequence} of {at}: {path}', zh: '记录 {sequence}（{at}）：{path}' },
  statusUndo: { en: 'undo records', zh: '撤销记录' },
  undoUse: {
    en: '{plans} {plans:plan|plans}, {mib} of {mibMax} MiB',
    zh: '{plans} 个计划，{mib}/{mibMax} MiB',
  },
  statusSession: { en: 'session', zh: '会话' },
  statusHeld: { en: 'held', zh: '暂停' },
  connected: { en: 'connected to {detail} since {since}', zh: '自 {since} 起已连接 {detail}' },
  disconnected: { en: 'not connected since {since}', zh: '自 {since} 起未连接' },
  stopped: { en: 'the agent does not run', zh: 'agent 未运行' },
  yes: { en: 'yes: {reason}', zh: '是：{reason}' },
  no: { en: 'no', zh: '否' },
  nodeTooOld: {
    en: 'pilothouse-agent needs Node {wanted} or later; this is {found}',
    zh: 'pilothouse-agent 需要 Node {wanted} 或更高版本；当前为 {found}',
  },
});

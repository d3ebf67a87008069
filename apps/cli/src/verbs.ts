import type { AnyCommand } from '@pilothouse/cli-kit';
import type { VerbGroup } from './command-catalogue.ts';

const fromPlugin = (commands: readonly AnyCommand[], verb: string): readonly AnyCommand[] =>
  commands.filter((command) => command.path.split(' ')[0] === verb);

/** Every verb of the command line, in the order of the help. */
export const verbGroups: readonly VerbGroup[] = [
  {
    title: { en: 'Look:', zh: '查看：' },
    verbs: [
      {
        name: 'hosts',
        summary: { en: 'List hosts', zh: '列出主机' },
        load: async () => (await import('./commands/hosts.ts')).hostsCommands,
      },
      {
        name: 'host',
        summary: { en: 'Show a host, or change what is said of it', zh: '显示主机或修改其属性' },
        load: async () => (await import('./commands/host.ts')).hostCommands,
      },
      {
        name: 'groups',
        summary: { en: 'List groups, or change them', zh: '列出或修改分组' },
        load: async () => (await import('./commands/groups.ts')).groupsCommands,
      },
      {
        name: 'facts',
        summary: { en: 'Show what a host reports of itself', zh: '显示主机上报的信息' },
        load: async () => (await import('./commands/facts.ts')).factsCommands,
      },
      {
        name: 'diff',
        summary: {
          en: 'Compare facts of two hosts, or of one at two times',
          zh: '比较两台主机或同一主机不同时间的信息',
        },
        load: async () => (await import('./commands/diff.ts')).diffCommands,
      },
      {
        name: 'inventory',
        summary: { en: 'Count hosts by system, kernel, architecture', zh: '按系统、内核、架构统计主机' },
        load: async () =>
          fromPlugin((await import('@pilothouse/plugin-inventory/cli')).inventoryCli.commands, 'inventory'),
      },
      {
        name: 'packages',
        summary: {
          en: 'Find which hosts have a package, and which version',
          zh: '查找哪些主机安装了某软件包及其版本',
        },
        load: async () =>
          fromPlugin((await import('@pilothouse/plugin-inventory/cli')).inventoryCli.commands, 'packages'),
      },
      {
        name: 'select',
        summary: { en: 'Show which hosts a selector picks, and why', zh: '显示选择器匹配哪些主机及原因' },
        load: async () => (await import('./commands/select.ts')).selectCommands,
      },
      {
        name: 'probe',
        summary: { en: 'Let hosts check themselves now; change nothing', zh: '让主机立即自检，不做更改' },
        load: async () => (await import('./commands/probe.ts')).probeCommands,
      },
      {
        name: 'findings',
        summary: { en: 'List what is wrong, worst first', zh: '列出问题（最严重的在前）' },
        load: async () => (await import('./commands/findings.ts')).findingsCommands,
      },
    ],
  },
  {
    title: { en: 'Change:', zh: '变更：' },
    verbs: [
      {
        name: 'run',
        summary: { en: 'Run a command on hosts', zh: '在主机上执行命令' },
        load: async () =>
          fromPlugin((await import('@pilothouse/plugin-commands/cli')).commandsCli.commands, 'run'),
      },
      {
        name: 'script',
        summary: { en: 'Keep and run reviewed scripts', zh: '管理并执行经审核的脚本' },
        load: async () =>
          fromPlugin((await import('@pilothouse/plugin-commands/cli')).commandsCli.commands, 'script'),
      },
      {
        name: 'service',
        summary: { en: 'Start, stop, restart and enable services', zh: '启动、停止、重启和启用服务' },
        load: async () => (await import('@pilothouse/plugin-services/cli')).servicesCli.commands,
      },
      {
        name: 'file',
        summary: { en: 'Manage configuration files, and see their drift', zh: '管理配置文件并查看漂移' },
        load: async () => (await import('@pilothouse/plugin-files/cli')).filesCli.commands,
      },
      {
        name: 'plan',
        summary: { en: 'Make plans, look at them, start them', zh: '制定、查看和启动计划' },
        load: async () => (await import('./commands/plan.ts')).planCommands,
      },
      {
        name: 'rollouts',
        summary: { en: 'List rollouts, newest first', zh: '列出发布（新的在前）' },
        load: async () => (await import('./commands/rollouts.ts')).rolloutsCommands,
      },
      {
        name: 'rollout',
        summary: { en: 'Show a rollout, or do something with it', zh: '显示或操作某个发布' },
        load: async () => (await import('./commands/rollout.ts')).rolloutCommands,
      },
      {
        name: 'approve',
        summary: { en: 'Approve a plan of somebody else', zh: '批准他人的计划' },
        load: async () => (await import('./commands/approve.ts')).approveCommands,
      },
      {
        name: 'sign',
        summary: { en: 'Sign a plan with a key of your own', zh: '用自己的密钥签署计划' },
        load: async () => (await import('./commands/sign.ts')).signCommands,
      },
      {
        name: 'mandate',
        summary: {
          en: 'Sign work once that is done many times',
          zh: '一次签署、多次执行的授权书',
        },
        load: async () => (await import('./commands/mandate.ts')).mandateCommands,
      },
      {
        name: 'schedule',
        summary: { en: 'List schedules: plans that recur', zh: '列出计划任务（重复执行的计划）' },
        load: async () => (await import('./commands/schedule.ts')).scheduleCommands,
      },
      {
        name: 'budget',
        summary: {
          en: 'List budgets: how many hosts may be down at once',
          zh: '列出预算：同时允许离线的主机数',
        },
        load: async () => (await import('./commands/budget.ts')).budgetCommands,
      },
      {
        name: 'window',
        summary: { en: 'List windows: when hosts may be changed', zh: '列出维护窗口：允许变更主机的时间' },
        load: async () => (await import('./commands/window.ts')).windowCommands,
      },
      {
        name: 'freeze',
        summary: { en: 'List freezes: when hosts may not be changed', zh: '列出冻结期：禁止变更主机的时间' },
        load: async () => (await import('./commands/freeze.ts')).freezeCommands,
      },
      {
        name: 'stop',
        summary: { en: 'Emergency stop: nothing new starts', zh: '紧急停止：不再开始任何任务' },
        load: async () => (await import('./commands/stop.ts')).stopCommands,
      },
    ],
  },
  {
    title: { en: 'Manage:', zh: '管理：' },
    verbs: [
      {
        name: 'enrol',
        summary: {
          en: 'Make an enrolment token and print the line for the host',
          zh: '创建注册令牌并输出主机上执行的命令',
        },
        load: async () => (await import('./commands/enrol.ts')).enrolCommands,
      },
      {
        name: 'agent',
        summary: { en: 'Versions and trust of the agents', zh: 'agent 的版本与信任状态' },
        load: async () => (await import('./commands/agent.ts')).agentCommands,
      },
      {
        name: 'users',
        summary: { en: 'List people who can sign in', zh: '列出可登录的用户' },
        load: async () => (await import('./commands/users.ts')).usersCommands,
      },
      {
        name: 'roles',
        summary: { en: 'List roles and what they grant', zh: '列出角色及其授权' },
        load: async () => (await import('./commands/roles.ts')).rolesCommands,
      },
      {
        name: 'tokens',
        summary: { en: 'List my API tokens', zh: '列出我的 API 令牌' },
        load: async () => (await import('./commands/tokens.ts')).tokensCommands,
      },
      {
        name: 'key',
        summary: { en: 'Keys of people, to sign plans with', zh: '用于签署计划的个人密钥' },
        load: async () => (await import('./commands/key.ts')).keyCommands,
      },
      {
        name: 'channel',
        summary: { en: 'List channels by which people are told', zh: '列出通知渠道' },
        load: async () => (await import('./commands/channel.ts')).channelCommands,
      },
      {
        name: 'audit',
        summary: { en: 'Show who did what, newest first', zh: '查看审计记录（新的在前）' },
        load: async () => (await import('./commands/audit.ts')).auditCommands,
      },
      {
        name: 'store',
        summary: { en: 'Back up, restore, move or upgrade the store', zh: '备份、恢复、迁移或升级存储' },
        load: async () => (await import('./commands/store.ts')).storeCommands,
      },
      {
        name: 'events',
        summary: { en: 'Show what happened, and what happens', zh: '查看已发生和正在发生的事件' },
        load: async () => (await import('./commands/events.ts')).eventsCommands,
      },
    ],
  },
  {
    title: { en: 'This computer:', zh: '本机：' },
    verbs: [
      {
        name: 'login',
        summary: { en: 'Sign in to a server and remember it', zh: '登录服务器并保存' },
        load: async () => (await import('./commands/login.ts')).loginCommands,
      },
      {
        name: 'logout',
        summary: { en: 'Revoke this computer’s token and forget it', zh: '吊销并删除本机保存的令牌' },
        load: async () => (await import('./commands/logout.ts')).logoutCommands,
      },
      {
        name: 'completion',
        summary: { en: 'Print the completion script of a shell', zh: '输出 shell 补全脚本' },
        load: async () => (await import('./commands/completion.ts')).completionCommands,
      },
      {
        name: 'version',
        summary: { en: 'Show the version of this program and of the server', zh: '显示本程序及服务器的版本' },
        load: async () => (await import('./commands/version.ts')).versionCommands,
      },
    ],
  },
];

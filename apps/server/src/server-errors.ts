import { defineErrors } from '@pilothouse/contract';

/** Why the server does not start, besides what its rooms say themselves. */
export const serverErrors = defineErrors({
  CONFIG_INVALID: {
    status: 500,
    title: { en: '{where}: {problem}', zh: '{where}：{problem}' },
    hint: {
      en: 'Correct it; all settings: pilothouse-server --help',
      zh: '请更正；全部设置见：pilothouse-server --help',
    },
    retry: 'after-change',
  },
  CONFIG_UNKNOWN: {
    status: 500,
    title: {
      en: '{where} is no setting; did you mean {nearest}?',
      zh: '{where} 不是有效设置，是否想用 {nearest}？',
    },
    hint: {
      en: 'Correct it; all settings: pilothouse-server --help',
      zh: '请更正；全部设置见：pilothouse-server --help',
    },
    retry: 'after-change',
  },
  STORE_UNSUPPORTED: {
    status: 500,
    title: { en: 'The store {store} is not one that is known', zh: '未知的存储类型 {store}' },
    hint: {
      en: 'Leave PILOTHOUSE_STORE out, or set it to sqlite or to postgres://user:password@host/database.',
      zh: '请不设置 PILOTHOUSE_STORE，或设为 sqlite 或 postgres://user:password@host/database。',
    },
    retry: 'after-change',
  },
  PORT_IN_USE: {
    status: 500,
    title: {
      en: 'Port {port} on {host} is in use by another program',
      zh: '{host} 上的端口 {port} 已被其他程序占用',
    },
    hint: {
      en: 'Stop that program, or choose other ports: PILOTHOUSE_LISTEN, PILOTHOUSE_GATEWAY_LISTEN.',
      zh: '请停止该程序，或改用其他端口：PILOTHOUSE_LISTEN、PILOTHOUSE_GATEWAY_LISTEN。',
    },
    retry: 'after-change',
  },
  LISTEN_REFUSED: {
    status: 500,
    title: {
      en: 'Cannot listen on {host} port {port}: {reason}',
      zh: '无法监听 {host} 端口 {port}：{reason}',
    },
    hint: {
      en: 'Ports below 1024 need root; the address must be one of this machine.',
      zh: '1024 以下的端口需要 root 权限；地址必须属于本机。',
    },
    retry: 'after-change',
  },
  DATA_PATH_TOO_LONG: {
    status: 500,
    title: {
      en: 'The path {path} is {bytes} bytes long; a socket may have {limit}',
      zh: '路径 {path} 长 {bytes} 字节，套接字最多允许 {limit} 字节',
    },
    hint: {
      en: 'Several processes meet at a socket in the data directory. Choose one with a shorter path: PILOTHOUSE_DATA=…',
      zh: '多个进程通过数据目录中的套接字通信。请选择路径较短的数据目录：PILOTHOUSE_DATA=…',
    },
    retry: 'after-change',
  },
  PEERS_NEED_POSTGRES: {
    status: 500,
    title: {
      en: 'Several machines need a database that all of them reach; the store of this one is a file of its own',
      zh: '多台机器需要共用一个数据库；本机的存储是它自己的文件',
    },
    hint: {
      en: 'Set PILOTHOUSE_STORE=postgres://… (to move a store there: pilothouse-server store migrate), or leave peer-listen out.',
      zh: '请设置 PILOTHOUSE_STORE=postgres://…（迁移存储：pilothouse-server store migrate），或不设置 peer-listen。',
    },
    retry: 'after-change',
  },
  PROCESSES_NOT_HERE: {
    status: 500,
    title: {
      en: 'npm start runs one server process, and {count} were asked for',
      zh: 'npm start 只运行一个服务器进程，但请求了 {count} 个',
    },
    hint: {
      en: 'For several: npx --no pilothouse-server --processes {count}; enrol the agent of this machine by a token.',
      zh: '如需多个进程：npx --no pilothouse-server --processes {count}；本机 agent 请使用令牌注册。',
    },
    retry: 'after-change',
  },
  TRACING_SETTING_INVALID: {
    status: 500,
    title: {
      en: '{name} is {value}, and here it may be one of: {offered}',
      zh: '{name} 的值为 {value}，此处可用的值：{offered}',
    },
    hint: {
      en: 'Correct it, or leave tracing out with OTEL_SDK_DISABLED=true.',
      zh: '请更正，或设置 OTEL_SDK_DISABLED=true 关闭追踪。',
    },
    retry: 'after-change',
  },
  AGENT_BUNDLE_MISSING: {
    status: 500,
    title: { en: 'The agent could not be built: {reason}', zh: '无法构建 agent：{reason}' },
    hint: {
      en: 'Run: npm ci. In a checkout of another user, that user runs once: npm run build',
      zh: '请运行：npm ci。若代码目录属于其他用户，请由该用户运行一次：npm run build',
    },
    retry: 'after-change',
  },
});

/** What a script can tell a refused start by. 1: anything else. */
export const exitCodes: Readonly<Record<string, number>> = {
  CONFIG_INVALID: 2,
  CONFIG_UNKNOWN: 2,
  STORE_UNSUPPORTED: 2,
  DATA_PATH_TOO_LONG: 2,
  PROCESSES_NOT_HERE: 2,
  PEERS_NEED_POSTGRES: 2,
  CLUSTER_KEY_MISSING: 7,
  CLUSTER_KEY_WRONG: 7,
  PORT_IN_USE: 3,
  LISTEN_REFUSED: 3,
  DATA_DIRECTORY_IN_USE: 4,
  DATA_DIRECTORY_UNWRITABLE: 5,
  STORE_CORRUPT: 6,
  STORE_UNREADABLE: 6,
  STORE_UNREACHABLE: 6,
  STORE_DENIED: 6,
  STORE_IN_USE: 4,
  STORE_COPY_DAMAGED: 6,
  STORE_COPY_DIFFERS: 6,
  STORE_OWNER_UNKNOWN: 7,
  STORE_NOT_EMPTY: 8,
  STORE_NEWER: 7,
};

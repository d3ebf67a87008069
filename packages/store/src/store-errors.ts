import { defineErrors } from '@pilothouse/contract';

/** What can be wrong with the database of an installation or with the directory it lives in. */
export const storeErrors = defineErrors({
  DATA_DIRECTORY_IN_USE: {
    status: 409,
    title: {
      en: 'The data directory {path} is in use by process {pid}',
      zh: '数据目录 {path} 正被进程 {pid} 使用',
    },
    hint: {
      en: 'Stop that process, or start with another data directory: PILOTHOUSE_DATA=…',
      zh: '请停止该进程，或使用另一个数据目录启动：PILOTHOUSE_DATA=…',
    },
    retry: 'after-change',
  },
  DATA_DIRECTORY_UNWRITABLE: {
    status: 500,
    title: {
      en: 'The data directory {path} cannot be written: {reason}',
      zh: '无法写入数据目录 {path}：{reason}',
    },
    hint: {
      en: 'Make it writable for the user who starts the server, or name another one: PILOTHOUSE_DATA=…',
      zh: '请为启动服务器的用户授予写权限，或指定另一个目录：PILOTHOUSE_DATA=…',
    },
    retry: 'after-change',
  },
  STORE_CORRUPT: {
    status: 500,
    title: { en: 'The store file {path} is damaged: {problem}', zh: '存储文件 {path} 已损坏：{problem}' },
    hint: {
      en: 'It was left as it is. Keep a copy of it with its -wal file, then restore the latest backup in its place.',
      zh: '文件保持原样。请连同其 -wal 文件一起备份，然后用最近的备份替换。',
    },
    retry: 'after-change',
  },
  STORE_UNREADABLE: {
    status: 500,
    title: {
      en: 'The store file {path} cannot be opened: {problem}',
      zh: '无法打开存储文件 {path}：{problem}',
    },
    hint: {
      en: 'Check that the path exists and that the user who starts the server may read and write it.',
      zh: '请检查路径是否存在，以及启动服务器的用户是否有读写权限。',
    },
    retry: 'after-change',
  },
  STORE_UNREACHABLE: {
    status: 500,
    title: {
      en: 'The database {place} cannot be used: {problem}',
      zh: '无法使用数据库 {place}：{problem}',
    },
    hint: {
      en: 'Check PILOTHOUSE_STORE, that the database runs, and that its role may sign in from this machine.',
      zh: '请检查 PILOTHOUSE_STORE、数据库是否运行，以及该角色是否可以从本机登录。',
    },
    retry: 'after-change',
  },
  STORE_IN_USE: {
    status: 409,
    title: { en: 'The database {place} is in use by {who}', zh: '数据库 {place} 正被 {who} 使用' },
    hint: {
      en: 'Stop that program first; one server at a time serves a database.',
      zh: '请先停止该程序；一个数据库同一时间只由一个服务器提供服务。',
    },
    retry: 'after-change',
  },
  STORE_TAKEN: {
    status: 503,
    title: {
      en: 'Another server took over the database {place} while this one had lost it',
      zh: '本服务器失去数据库 {place} 期间，另一台服务器已接管',
    },
    hint: {
      en: 'This server has stopped working. Use the other one, or stop it and start this one again.',
      zh: '本服务器已停止工作。请使用另一台，或停止它后重新启动本服务器。',
    },
    retry: 'after-change',
  },
  STORE_DENIED: {
    status: 500,
    title: {
      en: 'The database {place} refuses its role a right: {problem}',
      zh: '数据库 {place} 拒绝了该角色的权限：{problem}',
    },
    hint: {
      en: 'Make the role the owner of its database: ALTER DATABASE … OWNER TO …',
      zh: '请将该角色设为数据库的所有者：ALTER DATABASE … OWNER TO …',
    },
    retry: 'after-change',
  },
  STORE_AWAY: {
    status: 503,
    title: { en: 'The database {place} does not answer', zh: '数据库 {place} 没有响应' },
    hint: {
      en: 'The server keeps trying and hosts stay connected. See to the database, then send the request again.',
      zh: '服务器会持续重试，主机保持连接。请检查数据库，然后重新发送请求。',
    },
    retry: 'later',
  },
  STORE_NEWER: {
    status: 500,
    title: {
      en: 'The store was written by a newer version of the program: it has the change {owner}/{id}',
      zh: '存储由更新版本的程序写入：包含变更 {owner}/{id}',
    },
    hint: {
      en: 'Start the newer version again, or restore a backup from before the upgrade.',
      zh: '请重新启动较新的版本，或恢复升级之前的备份。',
    },
    retry: 'after-change',
  },
  STORE_OWNER_UNKNOWN: {
    status: 500,
    title: {
      en: 'The copy holds tables of {owner}, which is not installed here',
      zh: '副本包含 {owner} 的表，但此处未安装',
    },
    hint: {
      en: 'Install the plugin first, in the version that wrote them.',
      zh: '请先安装写入这些表的插件版本。',
    },
    retry: 'after-change',
  },
  STORE_NOT_EMPTY: {
    status: 409,
    title: {
      en: 'The store to be filled is not empty: {what}',
      zh: '目标存储不为空：{what}',
    },
    hint: {
      en: 'Name an empty one. What a server has used is replaced only with --replace, tables of other programs never.',
      zh: '请指定一个空存储。服务器使用过的存储仅在 --replace 时替换，其他程序的表绝不替换。',
    },
    retry: 'after-change',
  },
  STORE_COPY_DAMAGED: {
    status: 500,
    title: { en: 'The copy {path} is not whole: {problem}', zh: '副本 {path} 不完整：{problem}' },
    hint: { en: 'Nothing was changed. Take another copy.', zh: '未做任何更改。请使用另一个副本。' },
    retry: 'after-change',
  },
  STORE_COPY_DIFFERS: {
    status: 500,
    title: {
      en: 'Table {table} reads back otherwise than it was written: {found} rows of {meant}',
      zh: '表 {table} 读回的内容与写入不符：{meant} 行中读到 {found} 行',
    },
    hint: {
      en: 'Nothing was changed. Report it with both versions: it is a fault of the program or of the database.',
      zh: '未做任何更改。请连同两端版本报告此问题：这是程序或数据库的缺陷。',
    },
    retry: 'never',
  },
  STORE_FULL: {
    status: 507,
    title: { en: 'The disk of the store is full', zh: '存储所在磁盘已满' },
    hint: {
      en: 'Nothing of this request was written. Free space in the data directory and send it again.',
      zh: '本次请求未写入任何数据。请释放数据目录的空间后重试。',
    },
    retry: 'after-change',
  },
  STORE_OVERLOADED: {
    status: 503,
    title: { en: 'The store has more work waiting than it accepts', zh: '存储等待处理的任务过多' },
    hint: { en: 'Wait a moment and try again.', zh: '请稍后重试。' },
    retry: 'later',
  },
  STORE_STOPPED: {
    status: 503,
    title: { en: 'The store is not running', zh: '存储未运行' },
    hint: {
      en: 'The server is stopping, or its store failed: see the server log, then start it again.',
      zh: '服务器正在停止，或存储发生故障：请查看服务器日志后重新启动。',
    },
    retry: 'later',
  },
});

import { EXIT, type ExitCode, flag, text } from '@pilothouse/cli-kit';
import type { Message } from '@pilothouse/contract';
import type { AppContext } from '../app-context.ts';
import { defineAppCommand } from '../define-app-command.ts';
import { runServerProgram } from '../run-server-program.ts';

/** On the server's machine: each of these hands what it was told to `pilothouse-server store`. */
const place = {
  data: text({
    placeholder: 'DIR',
    about: { en: 'Data directory; default: PILOTHOUSE_DATA', zh: '数据目录；默认取 PILOTHOUSE_DATA' },
  }),
  store: text({
    placeholder: 'STORE',
    about: {
      en: 'sqlite or postgres://…; default: PILOTHOUSE_STORE',
      zh: 'sqlite 或 postgres://…；默认取 PILOTHOUSE_STORE',
    },
  }),
};
const replace = flag({
  about: { en: 'Also over a store that a server has used', zh: '即使目标存储已被服务器使用也替换' },
});
const here: Message = {
  en: 'Needs the server program on this machine. A password belongs into PILOTHOUSE_STORE rather than into an option, which every user of the machine can read.',
  zh: '需要本机装有服务器程序。密码应放在 PILOTHOUSE_STORE 中，而不要写在选项里：选项对本机所有用户可见。',
};

async function hand(
  context: AppContext,
  verb: string,
  options: Readonly<Record<string, string | boolean | undefined>>,
): Promise<ExitCode> {
  const args = Object.entries(options).flatMap(([name, value]) => {
    const option = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (value === undefined || value === false) return [];
    return value === true ? [option] : [option, value];
  });
  const code = await runServerProgram(context, [
    'store',
    verb,
    ...args,
    ...(context.isJson ? ['--json'] : []),
  ]);
  return code === 0 ? EXIT.ok : EXIT.someFailed;
}

const backup = defineAppCommand({
  path: 'store backup',
  summary: {
    en: 'Write a copy of the store, also while the server runs',
    zh: '写出存储副本，服务器运行时也可执行',
  },
  details: here,
  arguments: {},
  options: {
    ...place,
    to: text({
      placeholder: 'FILE',
      about: { en: 'Where it is written to; holds the private keys', zh: '写入的文件；含私钥' },
    }),
  },
  examples: [
    {
      line: 'sudo pilothouse store backup --data /var/lib/pilothouse --to /backup/pilothouse.copy',
      about: { en: 'As a timer does it every night', zh: '例如由定时任务每晚执行' },
    },
  ],
  run: (context, { options }) => hand(context, 'backup', options),
});

const restore = defineAppCommand({
  path: 'store restore',
  summary: { en: 'Put a copy in the place of the store', zh: '用副本恢复存储' },
  details: {
    en: `The server must be down. Rollouts that were under way are paused by the next start, and hosts that the copy does not know become pending. ${here.en}`,
    zh: `服务器必须已停止。下次启动会暂停未完成的发布，副本中没有的主机会变为待定。${here.zh}`,
  },
  arguments: {},
  options: {
    ...place,
    from: text({ placeholder: 'FILE', about: { en: 'The copy', zh: '副本文件' } }),
    replace,
  },
  examples: [
    {
      line: 'sudo pilothouse store restore --data /var/lib/pilothouse --from /backup/pilothouse.copy',
      about: { en: 'On either engine, whichever it was taken on', zh: '可恢复到任一引擎' },
    },
  ],
  run: (context, { options }) => hand(context, 'restore', options),
});

const migrate = defineAppCommand({
  path: 'store migrate',
  summary: { en: 'Move an installation from one engine to the other', zh: '在两种引擎之间迁移安装' },
  details: {
    en: `The server must be down. Counts and digests of every table are compared; it may be repeated until a server has used the new store. ${here.en}`,
    zh: `服务器必须已停止。逐表核对行数与摘要；在新存储被服务器使用之前可以重复执行。${here.zh}`,
  },
  arguments: {},
  options: {
    data: place.data,
    from: text({
      placeholder: 'STORE',
      about: { en: 'sqlite, sqlite:///path or postgres://…', zh: 'sqlite、sqlite:///path 或 postgres://…' },
    }),
    to: text({ placeholder: 'STORE', about: { en: 'The same, and empty', zh: '同上，且为空' } }),
    replace,
  },
  examples: [
    {
      line: 'sudo pilothouse store migrate --data /var/lib/pilothouse --from sqlite --to postgres:///pilothouse',
      about: { en: 'To a PostgreSQL on this machine', zh: '迁移到本机的 PostgreSQL' },
    },
  ],
  run: (context, { options }) => hand(context, 'migrate', options),
});

const upgrade = defineAppCommand({
  path: 'store upgrade',
  summary: { en: 'Bring the store to what this version knows', zh: '将存储升级到当前版本' },
  details: here,
  arguments: {},
  options: {
    ...place,
    dryRun: flag({ about: { en: 'List the changes and touch nothing', zh: '仅列出变更，不做修改' } }),
  },
  examples: [
    {
      line: 'sudo pilothouse store upgrade --data /var/lib/pilothouse --dry-run',
      about: { en: 'Before the new version is started', zh: '启动新版本之前' },
    },
  ],
  run: (context, { options }) => hand(context, 'upgrade', options),
});

const newEpoch = defineAppCommand({
  path: 'store new-epoch',
  summary: { en: 'Say that the database was set back by other means', zh: '声明数据库已用其他方式恢复' },
  details: {
    en: `After a point-in-time recovery of PostgreSQL, say: the next start pauses what was under way, as after a restore. ${here.en}`,
    zh: `例如 PostgreSQL 按时间点恢复之后：下次启动会像恢复副本之后那样暂停未完成的发布。${here.zh}`,
  },
  arguments: {},
  options: {
    ...place,
    from: text({ placeholder: 'TIME', about: { en: 'The moment it was set back to', zh: '恢复到的时刻' } }),
  },
  examples: [
    {
      line: 'sudo pilothouse store new-epoch --data /var/lib/pilothouse --from 2026-03-01T02:00:00Z',
      about: { en: 'After the recovery, before the start', zh: '恢复之后、启动之前' },
    },
  ],
  run: (context, { options }) => hand(context, 'new-epoch', options),
});

export const storeCommands = [backup, restore, migrate, upgrade, newEpoch];

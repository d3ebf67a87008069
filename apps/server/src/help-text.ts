import { defineMessages, type Language } from '@pilothouse/contract';
import { environmentName, settings } from './settings.ts';

const texts = defineMessages({
  intro: {
    en: 'pilothouse-server: the control plane.\n\nEvery setting has one name in three places: --data as a flag, PILOTHOUSE_DATA in the environment,\n"data" in the file named by --config. A flag wins over the environment, the environment over the file.',
    zh: 'pilothouse-server：控制平面。\n\n每个设置在三处同名：命令行 --data，环境变量 PILOTHOUSE_DATA，以及 --config 所指文件中的 "data"。\n命令行优先于环境变量，环境变量优先于文件。',
  },
  default: { en: 'default', zh: '默认' },
  exits: {
    en: 'Exit codes: 0 stopped · 2 configuration · 3 port · 4 data directory in use · 5 data directory unwritable ·\n6 store damaged or unreadable · 7 store of a newer version · 8 store not empty · 1 anything else',
    zh: '退出码：0 正常停止 · 2 配置 · 3 端口 · 4 数据目录被占用 · 5 数据目录不可写 ·\n6 存储损坏或不可读 · 7 存储版本较新 · 8 存储不为空 · 1 其他',
  },
});

const verify = defineMessages({
  audit: {
    en: 'pilothouse-server audit verify --data DIR [--store STORE] [--witness FILE]\n      Check the audit chain in the store itself; exit code 1 when it is broken',
    zh: 'pilothouse-server audit verify --data DIR [--store STORE] [--witness FILE]\n      校验存储中的审计链；若已损坏则退出码为 1',
  },
});

const health = defineMessages({
  doctor: {
    en: 'pilothouse-server doctor [--json]\n      Look at clock, disk, keys, store, ports and certificates, and say what to do',
    zh: 'pilothouse-server doctor [--json]\n      检查时钟、磁盘、密钥、存储、端口和证书，并给出处理建议',
  },
  bundle: {
    en: 'pilothouse-server support-bundle\n      Print what somebody who helps from afar needs to know, without secrets',
    zh: 'pilothouse-server support-bundle\n      输出远程协助所需的信息（不含机密）',
  },
});

const store = defineMessages({
  backup: {
    en: 'pilothouse-server store backup --to FILE\n      Write a copy of the store with the private keys, also while the server runs',
    zh: 'pilothouse-server store backup --to FILE\n      写出存储副本（含私钥），服务器运行时也可执行',
  },
  restore: {
    en: 'pilothouse-server store restore --from FILE [--replace]\n      Put a copy in place of the store, on either engine; begins a new epoch',
    zh: 'pilothouse-server store restore --from FILE [--replace]\n      用副本恢复存储，两种引擎均可；开始新的纪元',
  },
  migrate: {
    en: 'pilothouse-server store migrate --from STORE --to STORE [--replace]\n      Move an installation: sqlite:///path or sqlite, postgres://…; counts and digests are checked',
    zh: 'pilothouse-server store migrate --from STORE --to STORE [--replace]\n      迁移安装：sqlite:///path 或 sqlite、postgres://…；校验行数与摘要',
  },
  upgrade: {
    en: 'pilothouse-server store upgrade [--dry-run]\n      Bring the store to what this version knows, as a start does; --dry-run lists the changes',
    zh: 'pilothouse-server store upgrade [--dry-run]\n      将存储升级到当前版本（与启动时相同）；--dry-run 仅列出变更',
  },
  newEpoch: {
    en: 'pilothouse-server store new-epoch --from TIME\n      After the database was set back to TIME by other means: pause what was under way',
    zh: 'pilothouse-server store new-epoch --from TIME\n      数据库以其他方式恢复到 TIME 之后：暂停未完成的发布',
  },
});

export function helpText(language: Language): string {
  const lines = settings.map((each) => {
    const fallback = each.default === null ? '' : ` (${texts.default[language]}: ${each.default})`;
    return `  --${each.name}, ${environmentName(each.name)}\n      ${each.meaning[language]}${fallback}`;
  });
  return `${texts.intro[language]}\n\n${lines.join('\n')}\n\n${verify.audit[language]}\n${[
    ...Object.values(health),
    ...Object.values(store),
  ]
    .map((text) => `${text[language]}\n`)
    .join('')}\n${texts.exits[language]}\n`;
}

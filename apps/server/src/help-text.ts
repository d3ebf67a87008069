import { defineMessages, type Language } from '@pilothouse/contract';
import { environmentName, settings } from './settings.ts';

const texts = defineMessages({
  intro: {
    en: 'pilothouse-server: the control plane.\n\nEvery setting has one name in three places: --data as a flag, PILOTHOUSE_DATA in the environment,\n"data" in the file named by --config. A flag wins over the environment, the environment over the file.',
    zh: 'pilothouse-server：控制平面。\n\n每个设置在三处同名：命令行 --data，环境变量 PILOTHOUSE_DATA，以及 --config 所指文件中的 "data"。\n命令行优先于环境变量，环境变量优先于文件。',
  },
  default: { en: 'default', zh: '默认' },
  exits: {
    en: 'Exit codes: 0 stopped · 2 configuration · 3 port · 4 data directory in use · 5 data directory unwritable ·\n6 store damaged or unreadable · 7 store of a newer version · 1 anything else',
    zh: '退出码：0 正常停止 · 2 配置 · 3 端口 · 4 数据目录被占用 · 5 数据目录不可写 ·\n6 存储损坏或不可读 · 7 存储版本较新 · 1 其他',
  },
});

const verify = defineMessages({
  audit: {
    en: 'pilothouse-server audit verify --data DIR [--store STORE] [--witness FILE]\n      Check the audit chain in the store itself; exit code 1 when it is broken',
    zh: 'pilothouse-server audit verify --data DIR [--store STORE] [--witness FILE]\n      校验存储中的审计链；若已损坏则退出码为 1',
  },
});

export function helpText(language: Language): string {
  const lines = settings.map((each) => {
    const fallback = each.default === null ? '' : ` (${texts.default[language]}: ${each.default})`;
    return `  --${each.name}, ${environmentName(each.name)}\n      ${each.meaning[language]}${fallback}`;
  });
  return `${texts.intro[language]}\n\n${lines.join('\n')}\n\n${verify.audit[language]}\n\n${texts.exits[language]}\n`;
}

import { padEnd, textWidth } from '@pilothouse/cli-kit';
import type { Message } from '@pilothouse/contract';
import { toKebab } from './build-command.ts';
import type { VerbGroup } from './command-catalogue.ts';
import { globalOptions } from './global-options.ts';

const WORDS = {
  usage: { en: 'Usage: pilothouse <command> [options]', zh: '用法：pilothouse <命令> [选项]' },
  about: {
    en: 'Steers a fleet of Linux hosts through a Pilothouse server.',
    zh: '通过 Pilothouse 服务器管理 Linux 主机群。',
  },
  options: { en: 'Options of every command:', zh: '所有命令通用的选项：' },
  more: {
    en: 'More on one command, with examples: pilothouse <command> --help',
    zh: '查看某个命令的详情与示例：pilothouse <命令> --help',
  },
  exits: {
    en: 'Exit codes: 0 done · 1 some hosts failed · 2 wrong usage · 3 refused by the server · 4 server not reached or not trusted · 5 not signed in · 6 cancelled or halted · 130 interrupted',
    zh: '退出码：0 完成 · 1 部分主机失败 · 2 用法错误 · 3 被服务器拒绝 · 4 无法连接或不信任服务器 · 5 未登录 · 6 已取消或中止 · 130 被中断',
  },
} satisfies Record<string, Message>;

/** `pilothouse --help`: every verb with its summary, without loading any of them. */
export function overallHelp(groups: readonly VerbGroup[], say: (message: Message) => string): string {
  const options = Object.entries(globalOptions).map(([name, spec]): [string, string] => [
    `--${toKebab(name)}${spec.takes === 'nothing' ? '' : ` <${spec.placeholder ?? 'VALUE'}>`}`,
    say(spec.about),
  ]);
  const verbs = groups.map((group) => ({
    title: say(group.title),
    rows: group.verbs.map((verb): [string, string] => [verb.name, say(verb.summary)]),
  }));
  const all = [...verbs.flatMap((group) => group.rows), ...options];
  const width = Math.max(...all.map(([term]) => textWidth(term))) + 2;
  const show = (rows: readonly (readonly [string, string])[]): string[] =>
    rows.map(([term, about]) => `  ${padEnd(term, width)}${about}`);
  return `${[
    say(WORDS.usage),
    '',
    say(WORDS.about),
    ...verbs.flatMap((group) => ['', group.title, ...show(group.rows)]),
    '',
    say(WORDS.options),
    ...show(options),
    '',
    say(WORDS.exits),
    say(WORDS.more),
  ].join('\n')}\n`;
}

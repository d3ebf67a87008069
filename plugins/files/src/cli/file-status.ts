import {
  type Column,
  collectFresh,
  defineCommand,
  EXIT,
  freshOption,
  note,
  optionalOne,
  printJson,
  printRows,
  targetOptions,
} from '@pilothouse/cli-kit';
import { managedFilesFact } from '../contract/facts.ts';
import { type FileGroup, filesRoutes } from '../contract/routes.ts';

const NAMES_SHOWN = 8;
const DRIFTS: Readonly<Record<string, { en: string; zh: string }>> = {
  none: { en: 'as set', zh: '一致' },
  content: { en: 'content differs', zh: '内容不同' },
  attributes: { en: 'owner or mode differ', zh: '属主或权限不同' },
  missing: { en: 'missing', zh: '缺失' },
  unexpected: { en: 'should not be there', zh: '不应存在' },
};
const NOTHING = {
  en: 'No host has reported a managed file there. Hosts report every five minutes, and at once with --fresh; set one with: pilothouse file push',
  zh: '没有主机上报该处有受管文件。主机每五分钟上报一次，加 --fresh 可立即采集；可用 pilothouse file push 设置',
};
const LEFT = {
  en: '{unknownCount} {unknownCount:host has|hosts have} not said which files they manage; {leftOut} more rows',
  zh: '{unknownCount} 台主机尚未上报受管文件；另有 {leftOut} 行',
};

export const fileStatus = defineCommand({
  path: 'file status',
  summary: { en: 'Show managed files and where they have drifted', zh: '显示受管文件及其漂移' },
  arguments: { path: optionalOne({ en: 'Only this file', zh: '仅此文件' }) },
  options: { selector: targetOptions.selector, fresh: freshOption },
  examples: [
    { line: 'pilothouse file status', about: { en: 'All of them', zh: '全部' } },
    { line: 'pilothouse file status /etc/motd', about: { en: 'One', zh: '单个文件' } },
    {
      line: 'pilothouse file status --fresh',
      about: { en: 'As they are at this moment', zh: '查看此刻的状态' },
    },
  ],
  async run(context, { args, options }) {
    if (options.fresh)
      await collectFresh(context, { selector: options.selector ?? 'true' }, [managedFilesFact.name]);
    const client = await context.connect();
    const answer = await client.call(filesRoutes.states, {
      query: {
        ...(options.selector === undefined ? {} : { selector: options.selector }),
        ...(args.path === undefined ? {} : { path: args.path }),
      },
    });
    if (context.isJson) {
      printJson(context, answer);
      return EXIT.ok;
    }
    if (answer.groups.length === 0) note(context, context.say(NOTHING));
    const columns: Column<FileGroup>[] = [
      { title: { en: 'FILE', zh: '文件' }, value: (group) => group.path },
      {
        title: { en: 'STATE', zh: '状态' },
        value: (group) => context.say(DRIFTS[group.drift] ?? { en: group.drift, zh: group.drift }),
      },
      { title: { en: 'CONTENT', zh: '内容' }, value: (group) => group.digest.slice(0, 12) || '-' },
      { title: { en: 'HOSTS', zh: '主机数' }, align: 'end', value: (group) => String(group.hostsCount) },
      { title: { en: 'NAMES', zh: '主机' }, value: namesOf },
    ];
    if (answer.groups.length > 0) printRows(context, columns, answer.groups);
    if (answer.unknownCount + answer.leftOut > 0) note(context, context.say(LEFT, answer));
    return EXIT.ok;
  },
});

const namesOf = ({ hosts, hostsCount }: FileGroup): string => {
  const names = hosts.slice(0, NAMES_SHOWN).map((host) => host.name);
  return names.join(', ') + (hostsCount > names.length ? ', …' : '');
};

import { type Column, defineCommand, EXIT, flag, note, one, printJson, printRows } from '@pilothouse/cli-kit';
import { inventoryRoutes, type PackageGroup } from '../contract/routes.ts';

const NAMES_SHOWN = 8;

const LEFT = {
  en: '{withoutCount} {withoutCount:host does|hosts do} not have it; of {unknownCount} the packages are not known',
  zh: '{withoutCount} 台主机未安装；{unknownCount} 台主机的软件包未知',
};

export const packagesCommand = defineCommand({
  path: 'packages',
  summary: {
    en: 'Find which hosts have a package, and which version',
    zh: '查找哪些主机安装了某软件包及其版本',
  },
  arguments: {
    name: one({ en: 'A package name; * stands for any characters', zh: '软件包名称；* 代表任意字符' }),
  },
  options: {
    source: flag({ about: { en: 'Match the source package, too', zh: '同时匹配源码包名称' } }),
  },
  examples: [
    { line: "pilothouse packages 'openssl*'", about: { en: 'Hosts by version', zh: '按版本列出主机' } },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const query = { name: args.name, source: options.source ? ('true' as const) : ('false' as const) };
    const answer = await client.call(inventoryRoutes.packagesSearch, { query });
    if (context.isJson) {
      printJson(context, answer);
      return EXIT.ok;
    }
    const columns: Column<PackageGroup>[] = [
      { title: { en: 'PACKAGE', zh: '软件包' }, value: (group) => group.name },
      { title: { en: 'VERSION', zh: '版本' }, value: (group) => group.version },
      { title: { en: 'ARCH', zh: '架构' }, value: (group) => group.arch },
      { title: { en: 'HOSTS', zh: '主机数' }, align: 'end', value: (group) => String(group.hostsCount) },
      { title: { en: 'NAMES', zh: '主机' }, value: namesOf },
    ];
    printRows(context, columns, answer.groups);
    if (answer.withoutCount + answer.unknownCount > 0) note(context, context.say(LEFT, answer));
    return EXIT.ok;
  },
});

const namesOf = ({ hosts, hostsCount }: PackageGroup): string => {
  const names = hosts.slice(0, NAMES_SHOWN).map((host) => host.name);
  return names.join(', ') + (hostsCount > names.length ? ', …' : '');
};

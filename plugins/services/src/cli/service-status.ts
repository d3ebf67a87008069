import {
  type Column,
  collectFresh,
  defineCommand,
  EXIT,
  freshOption,
  note,
  one,
  printJson,
  printRows,
  targetOptions,
} from '@pilothouse/cli-kit';
import { servicesFact } from '@pilothouse/plugin-inventory/contract';
import { servicesRoutes, type UnitGroup } from '../contract/routes.ts';
import { wholeUnitName } from './whole-unit-name.ts';

const NAMES_SHOWN = 8;
const LEFT = {
  en: '{withoutCount} {withoutCount:host does|hosts do} not have {unit}; of {unknownCount} the services are not known',
  zh: '{withoutCount} 台主机没有 {unit}；{unknownCount} 台主机的服务未知',
};

export const serviceStatus = defineCommand({
  path: 'service status',
  summary: { en: 'Show the state of a service over the fleet', zh: '显示服务在各主机上的状态' },
  details: {
    en: 'It reads what hosts have reported, so it answers at once and asks no host. A state may be two minutes old; with --fresh hosts look first.',
    zh: '读取主机已上报的信息，不会访问主机，因此立即返回；状态最多滞后两分钟。加 --fresh 则先让主机采集。',
  },
  arguments: { unit: one({ en: 'A unit; .service may be left out', zh: '单元名称；可省略 .service' }) },
  options: { selector: targetOptions.selector, fresh: freshOption },
  examples: [
    { line: 'pilothouse service status cron', about: { en: 'Hosts by state', zh: '按状态列出主机' } },
    {
      line: 'pilothouse service status ssh -s \'os.id == "debian"\'',
      about: { en: 'Of some hosts', zh: '仅部分主机' },
    },
  ],
  async run(context, { args, options }) {
    if (options.fresh)
      await collectFresh(context, { selector: options.selector ?? 'true' }, [servicesFact.name]);
    const client = await context.connect();
    const answer = await client.call(servicesRoutes.states, {
      params: { unit: wholeUnitName(args.unit) },
      query: options.selector === undefined ? {} : { selector: options.selector },
    });
    if (context.isJson) {
      printJson(context, answer);
      return EXIT.ok;
    }
    printRows(context, columns, answer.groups);
    if (answer.withoutCount + answer.unknownCount > 0) note(context, context.say(LEFT, answer));
    return EXIT.ok;
  },
});

const columns: Column<UnitGroup>[] = [
  { title: { en: 'STATE', zh: '状态' }, value: (group) => `${group.state} (${group.sub})` },
  { title: { en: 'AT BOOT', zh: '开机启动' }, value: (group) => group.enabled ?? '-' },
  { title: { en: 'HOSTS', zh: '主机数' }, align: 'end', value: (group) => String(group.hostsCount) },
  {
    title: { en: 'NAMES', zh: '主机' },
    value: ({ hosts, hostsCount }) =>
      hosts
        .slice(0, NAMES_SHOWN)
        .map((host) => host.name)
        .join(', ') + (hostsCount > Math.min(hosts.length, NAMES_SHOWN) ? ', …' : ''),
  },
];

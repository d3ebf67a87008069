import {
  age,
  type CliContext,
  type Column,
  choice,
  defineCommand,
  EXIT,
  limitOption,
  note,
  printRows,
  readList,
  stateColour,
  text,
  watchOptions,
  watchView,
} from '@pilothouse/cli-kit';
import { type Host, HostState, hostsRoutes, PresenceKind } from '@pilothouse/contract';

const PRESENCE = {
  online: { en: 'online', zh: '在线' },
  offline: { en: 'offline', zh: '离线' },
  never: { en: 'never seen', zh: '从未上线' },
};
const STATES = {
  pending: { en: 'pending', zh: '待接受' },
  active: null,
  quarantined: { en: 'quarantined', zh: '已隔离' },
  decommissioned: { en: 'decommissioned', zh: '已停用' },
};
const MAINTENANCE = { en: 'maintenance', zh: '维护中' };

/** `online`, `offline 3h, maintenance`: presence, and what else keeps tasks away. */
export function presenceText(context: CliContext, host: Host): string {
  const since = host.presence.kind === 'offline' ? ` ${age(host.presence.since, context.clock.now())}` : '';
  const state = STATES[host.state];
  return [
    context.say(PRESENCE[host.presence.kind]) + since,
    state === null ? '' : context.say(state),
    host.maintenance === null ? '' : context.say(MAINTENANCE),
  ]
    .filter((word) => word !== '')
    .join(', ');
}

export const labelsText = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');

export const hostColumns = (context: CliContext): Column<Host>[] => [
  { title: { en: 'NAME', zh: '名称' }, value: (host) => host.name },
  {
    title: { en: 'STATE', zh: '状态' },
    value: (host) => presenceText(context, host),
    colour: (host) => stateColour(host.state === 'active' ? host.presence.kind : host.state),
  },
  { title: { en: 'OS', zh: '系统' }, value: (host) => host.os?.prettyName ?? '-' },
  { title: { en: 'ARCH', zh: '架构' }, value: (host) => host.arch ?? '-' },
  { title: { en: 'ADDRESS', zh: '地址' }, value: (host) => host.address ?? '-' },
  { title: { en: 'LABELS', zh: '标签' }, value: (host) => labelsText(host.labels) },
  { title: { en: 'ID', zh: '标识' }, isKeptWhole: true, value: (host) => host.id },
];

export const hostsCommands = [
  defineCommand({
    path: 'hosts',
    summary: { en: 'List hosts', zh: '列出主机' },
    arguments: {},
    options: {
      ...watchOptions,
      selector: text({
        short: 's',
        placeholder: 'EXPR',
        about: { en: 'Only those that a selector matches', zh: '仅选择器匹配的' },
      }),
      name: text({
        placeholder: 'TEXT',
        about: { en: 'Only names that hold this', zh: '仅名称包含该文本的' },
      }),
      state: choice(HostState.options, {
        placeholder: 'STATE',
        about: {
          en: 'pending, active, quarantined or decommissioned',
          zh: 'pending 待接受、active 正常、quarantined 已隔离、decommissioned 已停用',
        },
      }),
      presence: choice(PresenceKind.options, {
        placeholder: 'KIND',
        about: { en: 'online, offline or never', zh: 'online 在线、offline 离线、never 从未上线' },
      }),
      limit: limitOption,
    },
    examples: [
      { line: 'pilothouse hosts', about: { en: 'All of them', zh: '列出全部' } },
      {
        line: 'pilothouse hosts -s \'label.role == "web"\' --presence offline --watch',
        about: { en: 'Web hosts that are away, live', zh: '实时查看离线的 web 主机' },
      },
    ],
    async run(context, { options }) {
      const client = await context.connect();
      const { selector, name, state, presence } = options;
      await watchView(context, options, async () => {
        let total = 0;
        let undetermined = 0;
        const rows = await readList(options.limit, async (page) => {
          const answer = await client.call(hostsRoutes.list, {
            query: {
              ...page,
              ...(selector === undefined ? {} : { q: selector }),
              ...(name === undefined ? {} : { name }),
              ...(state === undefined ? {} : { state }),
              ...(presence === undefined ? {} : { presence }),
            },
          });
          ({ total, undetermined } = answer);
          return answer;
        });
        printRows(context, hostColumns(context), rows);
        if (total > rows.length) note(context, context.say(MORE, { shown: rows.length, total }));
        if (undetermined > 0) note(context, context.say(UNDETERMINED, { undetermined }));
      });
      return EXIT.ok;
    },
  }),
];

const MORE = {
  en: '{shown} of {total} shown; more with --limit',
  zh: '共 {total} 台，显示 {shown} 台；可用 --limit 显示更多',
};
const UNDETERMINED = {
  en: '{undetermined} more cannot be decided for want of facts: pilothouse select … --explain HOST',
  zh: '另有 {undetermined} 台因缺少信息无法判定：pilothouse select … --explain 主机',
};

import {
  type CliContext,
  confirm,
  defineCommand,
  duration,
  EXIT,
  type ExitCode,
  flag,
  moment,
  note,
  one,
  printJson,
  printRecord,
  resolveHostId,
  rest,
  targetOf,
  targetOptions,
  text,
  yesOption,
} from '@pilothouse/cli-kit';
import { AppError, type Host, hostsRoutes, toTimestamp } from '@pilothouse/contract';
import { labelsText, presenceText } from './hosts.ts';

const name = one({ en: 'Host name or id', zh: '主机名或标识' });
const reason = text({ placeholder: 'TEXT', about: { en: 'Why (needed)', zh: '原因（必填）' } });

const show = defineCommand({
  path: 'host',
  summary: { en: 'Show a host, or change what is said of it', zh: '显示主机或修改其属性' },
  arguments: { host: name },
  options: {},
  examples: [
    { line: 'pilothouse host web-1', about: { en: 'All that the registry knows', zh: '查看登记信息' } },
  ],
  async run(context, { args }) {
    const client = await context.connect();
    return printHost(context, await client.call(hostsRoutes.get, { params: args }));
  },
});

const label = defineCommand({
  path: 'host label',
  summary: { en: 'Set and remove labels of many hosts', zh: '批量设置和移除标签' },
  details: {
    en: 'KEY=VALUE sets a label, KEY- removes it.',
    zh: 'KEY=VALUE 设置标签，KEY- 移除标签。',
  },
  arguments: { labels: rest({ en: 'KEY=VALUE or KEY-', zh: 'KEY=VALUE 或 KEY-' }) },
  options: {
    ...targetOptions,
    preview: flag({ about: { en: 'Only say what would change', zh: '仅说明将要变更的内容' } }),
    yes: yesOption,
  },
  examples: [
    {
      line: 'pilothouse host label --host web-1 --host web-2 role=web site=bj1',
      about: { en: 'Two hosts', zh: '两台主机' },
    },
    {
      line: 'pilothouse host label -s \'name.startsWith("db-")\' role=db old- --preview',
      about: { en: 'Look first', zh: '先预览' },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const target = await targetOf(options, (word) => resolveHostId(client, word));
    const change = { target, ...readLabels(args.labels) };
    const preview = await client.call(hostsRoutes.labels, { body: { ...change, isPreview: true } });
    const question = context.say(
      { en: 'Change labels of {changed} {changed:host|hosts}?', zh: '修改 {changed} 台主机的标签？' },
      preview,
    );
    // One host by name is as deliberate as it gets; more are counted and asked about.
    const isPlain = preview.changed <= 1;
    if (!options.preview && !isPlain && !(await confirm(context, question, { isYes: options.yes }))) {
      return EXIT.cancelled;
    }
    const answer = options.preview ? preview : await client.call(hostsRoutes.labels, { body: change });
    if (context.isJson) printJson(context, answer);
    else {
      for (const host of answer.hosts) context.terminal.write(`${host.name}: ${labelsText(host.labels)}\n`);
      note(context, context.say(LABELLED, answer));
    }
    return EXIT.ok;
  },
});

const LABELLED = {
  en: '{changed} of {matched} {matched:host|hosts} changed, {undetermined} could not be decided',
  zh: '匹配 {matched} 台主机，变更 {changed} 台，无法判定 {undetermined} 台',
};

function readLabels(words: readonly string[]): { set: Record<string, string>; unset: string[] } {
  const set: Record<string, string> = {};
  const unset: string[] = [];
  for (const word of words) {
    const match = /^([^=]+)=(.*)$/s.exec(word);
    if (match !== null) set[match[1] ?? ''] = match[2] ?? '';
    else if (/^[^=]+-$/.test(word)) unset.push(word.slice(0, -1));
    else throw new AppError('CLI_VALUE_INVALID', { value: word, expected: 'KEY=VALUE | KEY-' });
  }
  if (words.length === 0) {
    throw new AppError('CLI_ARGUMENT_MISSING', { command: 'pilothouse host label', argument: 'KEY=VALUE' });
  }
  return { set, unset };
}

const rename = defineCommand({
  path: 'host rename',
  summary: { en: 'Give a host another name', zh: '修改主机名称' },
  arguments: { host: name, newName: one({ en: 'The new name', zh: '新名称' }) },
  options: {},
  examples: [
    {
      line: 'pilothouse host rename web-1 web-01',
      about: { en: 'Here, not on the host', zh: '仅修改登记名称' },
    },
  ],
  async run(context, { args }) {
    const client = await context.connect();
    const params = { host: args.host };
    return printHost(
      context,
      await client.call(hostsRoutes.rename, { params, body: { name: args.newName } }),
    );
  },
});

const maintenance = defineCommand({
  path: 'host maintenance',
  summary: { en: 'Put a host into maintenance, or end it', zh: '将主机置于维护状态或结束维护' },
  arguments: { host: name },
  options: {
    reason,
    for: duration({
      placeholder: '2h',
      about: { en: 'How long (default: until ended)', zh: '时长（默认直到手动结束）' },
    }),
    end: flag({ about: { en: 'End it', zh: '结束维护' } }),
  },
  examples: [
    {
      line: "pilothouse host maintenance web-1 --reason 'new disk' --for 2h",
      about: { en: 'For two hours', zh: '维护两小时' },
    },
    { line: 'pilothouse host maintenance web-1 --end', about: { en: 'Back to work', zh: '恢复工作' } },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const params = { host: args.host };
    if (options.end) return printHost(context, await client.call(hostsRoutes.endMaintenance, { params }));
    const body = {
      reason: needed(options.reason, 'pilothouse host maintenance'),
      ...(options.for === undefined ? {} : { until: toTimestamp(context.clock.now() + options.for) }),
    };
    return printHost(context, await client.call(hostsRoutes.beginMaintenance, { params, body }));
  },
});

const quarantine = defineCommand({
  path: 'host quarantine',
  summary: { en: 'Offer a host nothing until it is released', zh: '隔离主机，解除前不下发任何任务' },
  arguments: { host: name },
  options: { yes: yesOption },
  examples: [{ line: 'pilothouse host quarantine web-1 --yes', about: { en: 'At once', zh: '立即隔离' } }],
  async run(context, { args, options }) {
    const question = context.say({ en: 'Quarantine {host}?', zh: '隔离 {host}？' }, args);
    if (!(await confirm(context, question, { isYes: options.yes }))) return EXIT.cancelled;
    return printHost(context, await (await context.connect()).call(hostsRoutes.quarantine, { params: args }));
  },
});

const release = defineCommand({
  path: 'host release',
  summary: { en: 'Release a host from quarantine', zh: '解除主机隔离' },
  arguments: { host: name },
  options: { yes: yesOption },
  examples: [
    {
      line: 'pilothouse host release web-1 --yes',
      about: { en: 'When its cause is gone', zh: '原因消除后解除' },
    },
  ],
  async run(context, { args, options }) {
    const question = context.say({ en: 'Release {host} from quarantine?', zh: '解除 {host} 的隔离？' }, args);
    if (!(await confirm(context, question, { isYes: options.yes }))) return EXIT.cancelled;
    return printHost(context, await (await context.connect()).call(hostsRoutes.release, { params: args }));
  },
});

const decommission = defineCommand({
  path: 'host decommission',
  summary: { en: 'End a host’s registration; its history stays', zh: '停用主机，保留其历史' },
  arguments: { host: name },
  options: { reason, yes: yesOption },
  examples: [
    {
      line: 'pilothouse host decommission web-1 --reason scrapped --yes',
      about: { en: 'Its certificates are revoked', zh: '吊销其证书' },
    },
  ],
  async run(context, { args, options }) {
    const why = needed(options.reason, 'pilothouse host decommission');
    const question = context.say(
      {
        en: 'Decommission {host}? It can come back only by enrolling again.',
        zh: '停用 {host}？此后只能重新注册。',
      },
      args,
    );
    if (!(await confirm(context, question, { isYes: options.yes }))) return EXIT.cancelled;
    const client = await context.connect();
    return printHost(
      context,
      await client.call(hostsRoutes.decommission, { params: args, body: { reason: why } }),
    );
  },
});

function needed(value: string | undefined, command: string): string {
  if (value === undefined) throw new AppError('CLI_ARGUMENT_MISSING', { command, argument: '--reason' });
  return value;
}

function printHost(context: CliContext, host: Host): ExitCode {
  const { say } = context;
  const { vitals } = host;
  printRecord(context, host, [
    [say({ en: 'name', zh: '名称' }), host.name],
    [say({ en: 'id', zh: '标识' }), host.id],
    [say({ en: 'state', zh: '状态' }), presenceText(context, host)],
    ...(host.quarantine === null
      ? []
      : [
          [
            say({ en: 'quarantine', zh: '隔离' }),
            `${host.quarantine.reason}, ${moment(host.quarantine.since)}`,
          ] as const,
        ]),
    ...(host.maintenance === null
      ? []
      : [
          [
            say({ en: 'maintenance', zh: '维护' }),
            `${host.maintenance.reason} (${host.maintenance.by}) … ${host.maintenance.until === null ? '∞' : moment(host.maintenance.until)}`,
          ] as const,
        ]),
    [say({ en: 'os', zh: '系统' }), host.os?.prettyName ?? '-'],
    [say({ en: 'arch', zh: '架构' }), host.arch ?? '-'],
    [say({ en: 'address', zh: '地址' }), host.address ?? '-'],
    [say({ en: 'agent', zh: 'agent' }), host.agentVersion ?? '-'],
    [say({ en: 'labels', zh: '标签' }), labelsText(host.labels)],
    [say({ en: 'groups', zh: '分组' }), host.groups.join(' ')],
    [say({ en: 'first seen', zh: '首次出现' }), moment(host.firstSeen)],
    [say({ en: 'last seen', zh: '最近出现' }), moment(host.lastSeen)],
    [
      say({ en: 'load, memory, disk', zh: '负载、内存、磁盘' }),
      vitals === null
        ? '-'
        : `${vitals.load1.toFixed(2)}, ${percent(vitals.memoryUsedRatio)}, ${percent(vitals.diskUsedRatio)}`,
    ],
  ]);
  return EXIT.ok;
}

const percent = (ratio: number): string => `${Math.round(ratio * 100)} %`;

export const hostCommands = [show, label, rename, maintenance, quarantine, release, decommission];

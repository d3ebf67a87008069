import {
  age,
  type CliContext,
  type Column,
  choice,
  defineCommand,
  duration,
  EXIT,
  limitOption,
  one,
  printJson,
  printRows,
  readList,
  resolveHostId,
  text,
  watchOptions,
  watchView,
} from '@pilothouse/cli-kit';
import type { Client } from '@pilothouse/client';
import {
  AppError,
  type Finding,
  type FindingKind,
  findingsRoutes,
  renderMessage,
  Severity,
  toTimestamp,
} from '@pilothouse/contract';
import { hostNames } from './host-names.ts';

const COLOURS = { critical: 'red', high: 'red', medium: 'yellow', low: null, info: null } as const;

const listFindings = defineCommand({
  path: 'findings',
  summary: { en: 'List what is wrong, worst first', zh: '列出问题（最严重的在前）' },
  arguments: {},
  options: {
    ...watchOptions,
    state: choice(['open', 'acknowledged', 'resolved', 'all'], {
      placeholder: 'STATE',
      about: {
        en: 'open (default), acknowledged, resolved or all',
        zh: 'open 未处理（默认）、acknowledged 已确认、resolved 已解决、all 全部',
      },
    }),
    severity: choice(Severity.options, {
      placeholder: 'LEVEL',
      about: { en: 'This bad or worse', zh: '不低于该级别' },
    }),
    host: text({ placeholder: 'HOST', about: { en: 'Only of this host', zh: '仅该主机' } }),
    kind: text({ placeholder: 'KIND', about: { en: 'Only of this kind', zh: '仅该类型' } }),
    limit: limitOption,
  },
  examples: [
    { line: 'pilothouse findings --severity high', about: { en: 'What cannot wait', zh: '查看紧急问题' } },
  ],
  async run(context, { options }) {
    const client = await context.connect();
    const kinds = await readKinds(client);
    const hostId = options.host === undefined ? undefined : await resolveHostId(client, options.host);
    const query = {
      ...(options.state === 'all' ? {} : { state: options.state ?? ('open' as const) }),
      ...(options.severity === undefined ? {} : { severityMin: options.severity }),
      ...(hostId === undefined ? {} : { hostId }),
      ...(options.kind === undefined ? {} : { kind: options.kind }),
    };
    await watchView(context, options, async () => {
      const rows = await readList(options.limit, (page) =>
        client.call(findingsRoutes.list, { query: { ...page, ...query } }),
      );
      const names = context.isJson ? new Map<string, string>() : await hostNames(client, rows);
      printRows(context, columnsOf(context, kinds, names), rows);
    });
    return EXIT.ok;
  },
});

const readKinds = async (client: Client): Promise<ReadonlyMap<string, FindingKind>> => {
  const { items } = await client.call(findingsRoutes.kinds);
  return new Map(items.map((kind) => [kind.kind, kind]));
};

function columnsOf(
  context: CliContext,
  kinds: ReadonlyMap<string, FindingKind>,
  names: ReadonlyMap<string, string>,
): Column<Finding>[] {
  const titleOf = (finding: Finding): string => {
    const kind = kinds.get(finding.kind);
    return kind === undefined ? finding.kind : renderMessage(kind.title, context.language, finding.evidence);
  };
  return [
    { title: { en: 'ID', zh: '标识' }, isKeptWhole: true, value: (finding) => finding.id },
    {
      title: { en: 'SEVERITY', zh: '级别' },
      value: (finding) => finding.severity,
      colour: (finding) => COLOURS[finding.severity],
    },
    {
      title: { en: 'HOST', zh: '主机' },
      value: ({ hostId }) => (hostId === null ? '-' : (names.get(hostId) ?? hostId)),
    },
    { title: { en: 'STATE', zh: '状态' }, value: (finding) => finding.state },
    {
      title: { en: 'SINCE', zh: '持续' },
      align: 'end',
      value: (finding) => age(finding.firstSeen, context.clock.now()),
    },
    { title: { en: 'WHAT', zh: '问题' }, value: titleOf },
  ];
}

const showFinding = defineCommand({
  path: 'findings show',
  summary: { en: 'Show a finding with its evidence', zh: '显示问题及其依据' },
  arguments: { id: one({ en: 'The finding’s id', zh: '问题标识' }) },
  options: {},
  examples: [
    { line: 'pilothouse findings show fnd_0k3v9d2qa7m8f4q7xz', about: { en: 'All of it', zh: '查看详情' } },
  ],
  async run(context, { args }) {
    const client = await context.connect();
    printJson(context, await client.call(findingsRoutes.get, { params: { id: args.id } }));
    return EXIT.ok;
  },
});

const acknowledge = defineCommand({
  path: 'findings ack',
  summary: { en: 'Say why a finding may stay for now', zh: '说明问题为何可暂时保留' },
  arguments: { id: one({ en: 'The finding’s id', zh: '问题标识' }) },
  options: {
    reason: text({ placeholder: 'TEXT', about: { en: 'Why (needed)', zh: '原因（必填）' } }),
    for: duration({ placeholder: '7d', about: { en: 'How long (default 7d)', zh: '多长时间（默认 7d）' } }),
  },
  examples: [
    {
      line: "pilothouse findings ack fnd_0k3v9d2qa7m8f4q7xz --reason 'disk is on order' --for 14d",
      about: { en: 'For two weeks', zh: '确认两周' },
    },
  ],
  async run(context, { args, options }) {
    const { reason } = options;
    if (reason === undefined) {
      throw new AppError('CLI_ARGUMENT_MISSING', {
        command: 'pilothouse findings ack',
        argument: '--reason',
      });
    }
    const client = await context.connect();
    const until = toTimestamp(context.clock.now() + (options.for ?? 7 * 86_400_000));
    const params = { id: args.id };
    printJson(context, await client.call(findingsRoutes.acknowledge, { params, body: { reason, until } }));
    return EXIT.ok;
  },
});

const unacknowledge = defineCommand({
  path: 'findings unack',
  summary: { en: 'Take an acknowledgement back', zh: '撤销确认' },
  arguments: { id: one({ en: 'The finding’s id', zh: '问题标识' }) },
  options: {},
  examples: [
    {
      line: 'pilothouse findings unack fnd_0k3v9d2qa7m8f4q7xz',
      about: { en: 'It is open again', zh: '重新打开' },
    },
  ],
  async run(context, { args }) {
    const client = await context.connect();
    printJson(context, await client.call(findingsRoutes.unacknowledge, { params: { id: args.id } }));
    return EXIT.ok;
  },
});

export const findingsCommands = [listFindings, showFinding, acknowledge, unacknowledge];

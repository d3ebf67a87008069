import {
  age,
  type CliContext,
  type Column,
  collectFresh,
  defineCommand,
  EXIT,
  flag,
  note,
  one,
  optionalOne,
  parseMoment,
  printJson,
  printRows,
  readList,
  resolveHostId,
  rest,
  text,
} from '@pilothouse/cli-kit';
import {
  defineMessages,
  type FactAbsence,
  type FactKind,
  type FactReport,
  type FactSpan,
  factsRoutes,
  type Message,
} from '@pilothouse/contract';

const collect = defineCommand({
  path: 'facts collect',
  summary: { en: 'Let a host look at itself now', zh: '让主机立即采集信息' },
  details: {
    en: 'Without facts: all that it reports. Hosts collect by themselves at the interval of each fact, and at once when an action or the files behind a fact change it.',
    zh: '不指定采集项时采集全部。主机会按各采集项的间隔自行采集，并在操作或相关文件改变时立即采集。',
  },
  arguments: {
    host: one({ en: 'Host name or id', zh: '主机名或标识' }),
    facts: rest({ en: 'os, packages, services …', zh: 'os、packages、services 等' }),
  },
  options: {},
  examples: [
    {
      line: 'pilothouse facts collect web-1 services',
      about: { en: 'After you changed something by hand', zh: '手动更改之后' },
    },
  ],
  async run(context, { args: { host, facts } }) {
    const client = await context.connect();
    const hostId = await resolveHostId(client, host);
    const current = async () => (await client.call(factsRoutes.current, { params: { host: hostId } })).items;
    const names = facts.length > 0 ? facts : (await current()).map(({ fact }) => fact);
    const { counts } = await collectFresh(context, { hostIds: [hostId] }, names);
    const rows = (await current()).filter(({ fact }) => names.includes(fact));
    printRows(context, spanColumns(context), rows);
    return counts.collected === 1 ? EXIT.ok : EXIT.someFailed;
  },
});

export const factsCommands = [
  collect,
  defineCommand({
    path: 'facts',
    summary: { en: 'Show what a host reports of itself', zh: '显示主机上报的信息' },
    details: {
      en: 'Without a host: which facts there are, and how alike the fleet is in each. A fact is printed as JSON.',
      zh: '不指定主机时：列出所有采集项及其在主机群中的一致程度。单个采集项以 JSON 输出。',
    },
    arguments: {
      host: optionalOne({ en: 'Host name or id', zh: '主机名或标识' }),
      fact: optionalOne({ en: 'os, packages, services …', zh: 'os、packages、services 等' }),
    },
    options: {
      asOf: text({
        placeholder: 'TIME',
        about: {
          en: 'As it was then: 2h, 2026-05-03, 2026-05-03T08:00:00Z',
          zh: '该时刻的状态：2h、2026-05-03、2026-05-03T08:00:00Z',
        },
      }),
      history: flag({ about: { en: 'How it changed, newest first', zh: '变更历史（新的在前）' } }),
      distribution: text({
        placeholder: 'FACT',
        about: { en: 'How many hosts are the same in a fact', zh: '某采集项的主机分布' },
      }),
    },
    examples: [
      {
        line: 'pilothouse facts web-1',
        about: { en: 'What it reports, and since when', zh: '查看上报内容及时间' },
      },
      {
        line: 'pilothouse facts web-1 packages --as-of 7d',
        about: { en: 'Its packages a week ago', zh: '一周前的软件包' },
      },
      {
        line: 'pilothouse facts --distribution packages',
        about: { en: 'Which hosts have the same packages', zh: '哪些主机软件包相同' },
      },
    ],
    async run(context, { args, options }) {
      const client = await context.connect();
      if (options.distribution !== undefined) return printDistribution(context, options.distribution);
      const { host, fact } = args;
      if (host === undefined) {
        printRows(context, kindColumns(context), (await client.call(factsRoutes.kinds)).items);
        return EXIT.ok;
      }
      const query =
        options.asOf === undefined ? {} : { asOf: parseMoment(options.asOf, context.clock.now()) };
      if (fact === undefined) {
        const { items } = await client.call(factsRoutes.current, { params: { host }, query });
        printRows(context, spanColumns(context), items);
        return EXIT.ok;
      }
      if (options.history) {
        const rows = await readList(undefined, (page) =>
          client.call(factsRoutes.history, { params: { host, fact }, query: page }),
        );
        printRows(context, spanColumns(context), rows);
        return EXIT.ok;
      }
      const view = await client.call(factsRoutes.get, { params: { host, fact }, query });
      if (context.isJson) printJson(context, view);
      else if (view.body === null) note(context, reportText(context, view.span.report));
      else printJson(context, view.body);
      return EXIT.ok;
    },
  }),
];

async function printDistribution(context: CliContext, fact: string) {
  const answer = await (await context.connect()).call(factsRoutes.distribution, { params: { fact } });
  if (context.isJson) printJson(context, answer);
  else {
    const columns: Column<(typeof answer.contents)[number]>[] = [
      { title: { en: 'HOSTS', zh: '主机数' }, align: 'end', value: (content) => String(content.hosts) },
      { title: { en: 'CONTENT', zh: '内容' }, value: (content) => content.digest.slice(0, 12) },
      { title: { en: 'NAMES', zh: '主机' }, value: (content) => content.names.join(', ') },
    ];
    printRows(context, columns, answer.contents);
    for (const { reason, hosts } of answer.absent)
      context.terminal.write(`${hosts}  ${context.say(ABSENCES[reason])}\n`);
    if (answer.unreported > 0)
      note(
        context,
        context.say(
          { en: '{unreported} hosts never reported it', zh: '{unreported} 台主机从未上报' },
          answer,
        ),
      );
  }
  return EXIT.ok;
}

const kindColumns = (context: CliContext): Column<FactKind>[] => [
  { title: { en: 'FACT', zh: '采集项' }, value: (kind) => kind.name },
  { title: { en: 'HOSTS', zh: '主机数' }, align: 'end', value: (kind) => String(kind.hosts) },
  { title: { en: 'DIFFERENT', zh: '不同内容' }, align: 'end', value: (kind) => String(kind.distinct) },
  { title: { en: 'WHAT', zh: '含义' }, value: (kind) => context.say(kind.title) },
];

const spanColumns = (context: CliContext): Column<FactSpan>[] => [
  { title: { en: 'FACT', zh: '采集项' }, value: (span) => span.fact },
  { title: { en: 'CONTENT', zh: '内容' }, value: (span) => reportText(context, span.report) },
  { title: { en: 'FROM', zh: '自' }, value: (span) => span.from },
  { title: { en: 'TO', zh: '至' }, value: (span) => span.to ?? '-' },
  {
    title: { en: 'CONFIRMED', zh: '确认' },
    align: 'end',
    value: (span) => age(span.seenAt, context.clock.now()),
  },
];

const ABSENCES = defineMessages({
  'not-supported': { en: 'not here', zh: '本机不适用' },
  'needs-root': { en: 'needs root', zh: '需要 root 权限' },
  'tool-missing': { en: 'a program is missing', zh: '缺少程序' },
  'too-large': { en: 'too large', zh: '内容过大' },
  failed: { en: 'failed', zh: '失败' },
}) satisfies Record<FactAbsence, Message>;

function reportText(context: CliContext, report: FactReport): string {
  if (report.kind === 'present') return `${report.digest.slice(0, 12)}, ${report.sizeBytes} B`;
  const detail = report.why === undefined ? report.detail : context.say(report.why);
  return detail === ''
    ? context.say(ABSENCES[report.reason])
    : `${context.say(ABSENCES[report.reason])}: ${detail}`;
}

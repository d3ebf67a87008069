import {
  age,
  type CliContext,
  type Column,
  choice,
  confirm,
  defineCommand,
  EXIT,
  flag,
  integer,
  limitOption,
  one,
  printRecord,
  printRows,
  readList,
  resolveHostId,
  text,
  yesOption,
} from '@pilothouse/cli-kit';
import {
  AppError,
  type BudgetDomain,
  type BudgetLimit,
  type BudgetView,
  budgetsRoutes,
  type Lease,
} from '@pilothouse/contract';
import { findOrNull } from './find-or-null.ts';

const HOSTS_MAX = 100_000;
const name = one({ en: 'Name of the budget', zh: '预算名称' });

const WORDS = {
  question: {
    en: 'Remove budget {name}? Nothing then caps these hosts.',
    zh: '删除预算 {name}？之后这些主机将不受限制。',
  },
  quorum: { en: 'keep a majority', zh: '保持多数' },
};

const showLimit = ({ say }: Pick<CliContext, 'say'>, limit: BudgetLimit): string => {
  if ('hosts' in limit) return String(limit.hosts);
  return 'percent' in limit ? `${limit.percent}%` : say(WORDS.quorum);
};

const sum = (budget: BudgetView, key: 'down' | 'allowed'): number =>
  budget.domains.reduce((total, domain) => total + domain[key], 0);

const listBudgets = defineCommand({
  path: 'budget',
  summary: { en: 'List budgets: how many hosts may be down at once', zh: '列出预算：同时允许离线的主机数' },
  details: {
    en: 'Whatever interrupts a host draws from every budget that covers it. Down is a host with a lease, offline for longer than a minute, in maintenance, or failing its probes.',
    zh: '任何中断主机的操作都会占用覆盖它的所有预算。持有租约、离线超过一分钟、处于维护或探测失败的主机均计为离线。',
  },
  arguments: {},
  options: {},
  examples: [
    { line: 'pilothouse budget', about: { en: 'What is down, and what may be', zh: '当前离线数与允许数' } },
  ],
  async run(context) {
    const client = await context.connect();
    const rows = await readList(undefined, (query) => client.call(budgetsRoutes.list, { query }));
    const columns: Column<BudgetView>[] = [
      { title: { en: 'NAME', zh: '名称' }, value: (budget) => budget.name },
      { title: { en: 'LIMIT', zh: '限额' }, value: (budget) => showLimit(context, budget.limit) },
      { title: { en: 'PER', zh: '划分' }, value: (budget) => budget.per ?? '-' },
      { title: { en: 'HOSTS', zh: '主机数' }, align: 'end', value: (budget) => String(budget.members) },
      { title: { en: 'DOWN', zh: '离线' }, align: 'end', value: (budget) => String(sum(budget, 'down')) },
      {
        title: { en: 'MAY BE', zh: '允许' },
        align: 'end',
        value: (budget) => String(sum(budget, 'allowed')),
      },
      { title: { en: 'SELECTOR', zh: '选择器' }, value: (budget) => budget.selector },
    ];
    printRows(context, columns, rows);
    return EXIT.ok;
  },
});

const show = defineCommand({
  path: 'budget show',
  summary: { en: 'Show a budget, and what is down in each of its domains', zh: '显示预算及各域的离线情况' },
  arguments: { name },
  options: {},
  examples: [
    { line: 'pilothouse budget show etcd', about: { en: 'Who is down, and why', zh: '离线主机及原因' } },
  ],
  async run(context, { args }) {
    const client = await context.connect();
    const budget = await client.call(budgetsRoutes.get, { params: args });
    printBudget(context, budget);
    if (!context.isJson) {
      context.terminal.write('\n');
      printRows(context, domainColumns(budget), budget.domains);
    }
    return EXIT.ok;
  },
});

const domainColumns = (budget: BudgetView): Column<BudgetDomain>[] => [
  {
    title: { en: 'DOMAIN', zh: '域' },
    value: ({ value }) => (value === null ? '-' : `${budget.per}=${value}`),
  },
  { title: { en: 'HOSTS', zh: '主机数' }, align: 'end', value: ({ members }) => String(members) },
  { title: { en: 'DOWN', zh: '离线' }, align: 'end', value: ({ down }) => String(down) },
  { title: { en: 'MAY BE', zh: '允许' }, align: 'end', value: ({ allowed }) => String(allowed) },
  {
    title: { en: 'WHO', zh: '主机' },
    value: ({ downHosts }) =>
      downHosts.map(({ hostName, causes }) => `${hostName} (${causes.join(', ')})`).join(', ') || '-',
  },
];

function printBudget(context: CliContext, budget: BudgetView): void {
  const { say } = context;
  printRecord(context, budget, [
    [say({ en: 'name', zh: '名称' }), budget.name],
    [say({ en: 'selector', zh: '选择器' }), budget.selector],
    [say({ en: 'limit', zh: '限额' }), showLimit(context, budget.limit)],
    [say({ en: 'per', zh: '划分' }), budget.per ?? '-'],
    [
      say({ en: 'counts', zh: '计入' }),
      budget.counts === 'host'
        ? say({ en: 'what takes the whole host away', zh: '仅整机中断' })
        : say({ en: 'whatever interrupts', zh: '任何中断' }),
    ],
    [say({ en: 'hosts', zh: '主机数' }), String(budget.members)],
    [say({ en: 'undetermined', zh: '无法判定' }), String(budget.undetermined)],
    [say({ en: 'reason', zh: '原因' }), budget.reason],
    [say({ en: 'changed by', zh: '修改者' }), budget.changedBy],
  ]);
}

const set = defineCommand({
  path: 'budget set',
  summary: { en: 'Make a budget or change it', zh: '创建或修改预算' },
  details: {
    en: 'The limit is one of --hosts, --percent (rounded down) and --quorum (more than half stay). With --per each value of the label has a cap of its own.',
    zh: '限额为 --hosts、--percent（向下取整）或 --quorum（保持多数）之一。--per 表示标签的每个取值各有限额。',
  },
  arguments: { name },
  options: {
    selector: text({
      short: 's',
      placeholder: 'EXPR',
      about: { en: 'Which hosts it covers', zh: '覆盖哪些主机' },
    }),
    per: text({
      placeholder: 'LABEL',
      about: {
        en: 'One cap for each value of this label; none: one for all',
        zh: '按该标签的取值分别限额；none 表示整体限额',
      },
    }),
    hosts: integer({
      placeholder: 'N',
      min: 0,
      max: HOSTS_MAX,
      about: { en: 'So many may be down', zh: '允许离线的台数' },
    }),
    percent: integer({
      placeholder: 'N',
      min: 0,
      max: 100,
      about: { en: 'Such a share may be down', zh: '允许离线的百分比' },
    }),
    quorum: flag({ about: { en: 'As many as leave a majority', zh: '保持多数在线' } }),
    counts: choice(['any', 'host'], {
      placeholder: 'WHAT',
      about: {
        en: 'any interruption, or only those of the whole host',
        zh: 'any：任何中断；host：仅整机中断',
      },
    }),
    reason: text({ placeholder: 'TEXT', about: { en: 'Why it is there', zh: '设置原因' } }),
  },
  examples: [
    {
      line: 'pilothouse budget set etcd -s \'label.service == "etcd"\' --quorum',
      about: { en: 'Never lose the majority of a cluster', zh: '集群不失去多数' },
    },
    {
      line: 'pilothouse budget set racks -s true --per rack --percent 10',
      about: { en: 'A tenth of every rack', zh: '每个机架的十分之一' },
    },
    {
      line: 'pilothouse budget set reboots -s true --hosts 50 --counts host',
      about: { en: 'At most 50 hosts rebooting', zh: '最多 50 台同时重启' },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const before = await findOrNull(client.call(budgetsRoutes.get, { params: args }));
    const limit = limitOf(options) ?? before?.limit;
    const selector = options.selector ?? before?.selector;
    if (limit === undefined || selector === undefined)
      throw new AppError('CLI_ARGUMENT_MISSING', {
        command: 'pilothouse budget set',
        argument: selector === undefined ? '-s EXPR' : '--hosts N | --percent N | --quorum',
      });
    const per =
      options.per === undefined ? (before?.per ?? null) : options.per === 'none' ? null : options.per;
    const budget = await client.call(budgetsRoutes.put, {
      params: args,
      body: {
        selector,
        limit,
        per,
        counts: options.counts ?? before?.counts ?? 'any',
        reason: options.reason ?? before?.reason ?? '',
      },
      ...(before === null ? {} : { etag: before.etag }),
    });
    printBudget(context, budget);
    return EXIT.ok;
  },
});

function limitOf(options: {
  hosts: number | undefined;
  percent: number | undefined;
  quorum: boolean;
}): BudgetLimit | undefined {
  const { hosts, percent, quorum } = options;
  const said: (readonly [option: string, limit: BudgetLimit])[] = [
    ...(hosts === undefined ? [] : [['--hosts', { hosts }] as const]),
    ...(percent === undefined ? [] : [['--percent', { percent }] as const]),
    ...(quorum ? [['--quorum', { quorum: true }] as const] : []),
  ];
  if (said.length > 1)
    throw new AppError('CLI_CHOOSE_ONE', {
      given: said.map(([option]) => option).join(', '),
      options: '--hosts N, --percent N, --quorum',
    });
  return said[0]?.[1];
}

const remove = defineCommand({
  path: 'budget delete',
  summary: { en: 'Remove a budget', zh: '删除预算' },
  arguments: { name },
  options: { yes: yesOption },
  examples: [
    { line: 'pilothouse budget delete etcd --yes', about: { en: 'Without asking', zh: '不询问直接删除' } },
  ],
  async run(context, { args, options }) {
    if (!(await confirm(context, context.say(WORDS.question, args), { isYes: options.yes })))
      return EXIT.cancelled;
    await (await context.connect()).call(budgetsRoutes.remove, { params: args });
    return EXIT.ok;
  },
});

const leases = defineCommand({
  path: 'budget leases',
  summary: {
    en: 'List who may be down now, for which task, and since when',
    zh: '列出租约：主机、任务及起始时间',
  },
  arguments: {},
  options: { limit: limitOption },
  examples: [
    { line: 'pilothouse budget leases', about: { en: 'With holder and age', zh: '含持有者与时长' } },
  ],
  async run(context, { options }) {
    const client = await context.connect();
    const rows = await readList(options.limit, (query) => client.call(budgetsRoutes.leases, { query }));
    const now = context.clock.now();
    const columns: Column<Lease>[] = [
      { title: { en: 'HOST', zh: '主机' }, value: (lease) => lease.hostName },
      { title: { en: 'STATE', zh: '状态' }, value: (lease) => lease.state },
      { title: { en: 'INTERRUPTS', zh: '中断' }, value: (lease) => lease.interrupts },
      { title: { en: 'AGE', zh: '时长' }, align: 'end', value: (lease) => age(lease.since, now) },
      { title: { en: 'TASK', zh: '任务' }, value: (lease) => lease.taskId },
    ];
    printRows(context, columns, rows);
    return EXIT.ok;
  },
});

const release = defineCommand({
  path: 'budget release',
  summary: { en: 'End a lease whose host did not come back', zh: '结束未返回主机的租约' },
  details: {
    en: 'Only when its task has ended. The host counts as up again, whatever it is; the audit says who did this and why.',
    zh: '仅限任务已结束时。此后主机视为已恢复；审计会记录操作者与原因。',
  },
  arguments: {
    task: one({
      en: 'The task, as in: pilothouse budget leases',
      zh: '任务标识，见 pilothouse budget leases',
    }),
  },
  options: {
    reason: text({ placeholder: 'TEXT', about: { en: 'Why, for the audit', zh: '原因（记入审计）' } }),
  },
  examples: [
    {
      line: "pilothouse budget release r_000000000000000000.0 --reason 'the host was taken apart'",
      about: { en: 'Make room again', zh: '腾出预算' },
    },
  ],
  async run(context, { args, options }) {
    if (options.reason === undefined)
      throw new AppError('CLI_ARGUMENT_MISSING', {
        command: 'pilothouse budget release',
        argument: '--reason TEXT',
      });
    const client = await context.connect();
    await client.call(budgetsRoutes.release, {
      params: { taskId: args.task },
      body: { reason: options.reason },
    });
    return EXIT.ok;
  },
});

const clear = defineCommand({
  path: 'budget clear',
  summary: { en: 'Count a host that was mended as well again', zh: '将已修复的主机重新视为正常' },
  details: {
    en: 'Forgets what probes of plans said of it. Findings stay until whoever found them finds them gone.',
    zh: '清除计划探测的失败记录。问题仍保留，直至被确认消失。',
  },
  arguments: { host: one({ en: 'The host, by name or id', zh: '主机名称或标识' }) },
  options: {
    reason: text({ placeholder: 'TEXT', about: { en: 'Why, for the audit', zh: '原因（记入审计）' } }),
  },
  examples: [
    {
      line: "pilothouse budget clear web-1 --reason 'mended by hand'",
      about: { en: 'After a repair', zh: '修复之后' },
    },
  ],
  async run(context, { args, options }) {
    if (options.reason === undefined)
      throw new AppError('CLI_ARGUMENT_MISSING', {
        command: 'pilothouse budget clear',
        argument: '--reason TEXT',
      });
    const client = await context.connect();
    const hostId = await resolveHostId(client, args.host);
    await client.call(budgetsRoutes.clearFailing, { params: { hostId }, body: { reason: options.reason } });
    return EXIT.ok;
  },
});

export const budgetCommands = [listBudgets, show, set, remove, leases, release, clear];

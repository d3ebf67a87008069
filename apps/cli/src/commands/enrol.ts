import {
  age,
  type Column,
  confirm,
  defineCommand,
  duration,
  EXIT,
  flag,
  integer,
  list,
  moment,
  note,
  one,
  printJson,
  printRows,
  readList,
  readPairs,
  text,
  yesOption,
} from '@pilothouse/cli-kit';
import {
  type EnrolmentTokenRecord,
  enrolmentRoutes,
  type PendingHost,
  TOKEN_USES_MAX,
} from '@pilothouse/contract';

const host = one({ en: 'The host’s id', zh: '主机标识' });

const enrol = defineCommand({
  path: 'enrol',
  summary: {
    en: 'Make an enrolment token and print the line for the host',
    zh: '创建注册令牌并输出主机上执行的命令',
  },
  arguments: {},
  options: {
    name: text({ placeholder: 'NAME', about: { en: 'What the token is called', zh: '令牌名称' } }),
    uses: integer({
      placeholder: 'N',
      min: 1,
      max: TOKEN_USES_MAX,
      about: { en: 'Hosts that may use it (default 1)', zh: '可使用的主机数（默认 1）' },
    }),
    for: duration({
      placeholder: '24h',
      about: { en: 'How long it is good (default 24h)', zh: '有效期（默认 24h）' },
    }),
    label: list({
      short: 'l',
      placeholder: 'KEY=VALUE',
      about: { en: 'A label that it gives (repeatable)', zh: '赋予的标签（可重复）' },
    }),
    group: list({
      short: 'g',
      placeholder: 'PATH',
      about: { en: 'A group that it gives (repeatable)', zh: '赋予的分组（可重复）' },
    }),
    approve: flag({ about: { en: 'Hosts wait until a person accepts them', zh: '主机需经人工接受' } }),
  },
  examples: [
    { line: 'pilothouse enrol', about: { en: 'One host, within a day', zh: '一天内注册一台主机' } },
    {
      line: 'pilothouse enrol --name rack-r07 --uses 40 --for 7d --label rack=r07 --group bj1/row2',
      about: { en: 'A whole rack', zh: '注册整个机架' },
    },
  ],
  async run(context, { options }) {
    const client = await context.connect();
    const answer = await client.call(enrolmentRoutes.createToken, {
      body: {
        name: options.name ?? 'pilothouse enrol',
        needsApproval: options.approve,
        labels: readPairs(options.label),
        groups: [...options.group],
        ...(options.uses === undefined ? {} : { usesMax: options.uses }),
        ...(options.for === undefined ? {} : { lifeSeconds: Math.round(options.for / 1000) }),
      },
    });
    if (context.isJson) {
      printJson(context, answer);
      return EXIT.ok;
    }
    const { usesMax, expiresAt } = answer.record;
    note(context, context.say(RUN_THIS, { usesMax, expiresAt: moment(expiresAt) }));
    context.terminal.write(`sudo pilothouse-agent enrol --token ${answer.token}\n`);
    return EXIT.ok;
  },
});

const RUN_THIS = {
  en: 'Run this on the host (good for {usesMax} {usesMax:host|hosts} until {expiresAt}; it is shown only now):',
  zh: '请在主机上执行（可用于 {usesMax} 台主机，有效至 {expiresAt}；仅显示这一次）：',
};

const tokens = defineCommand({
  path: 'enrol tokens',
  summary: { en: 'List enrolment tokens, newest first', zh: '列出注册令牌（新的在前）' },
  arguments: {},
  options: {},
  examples: [{ line: 'pilothouse enrol tokens', about: { en: 'With their uses', zh: '查看使用情况' } }],
  async run(context) {
    const client = await context.connect();
    const rows = await readList(undefined, (query) => client.call(enrolmentRoutes.listTokens, { query }));
    const columns: Column<EnrolmentTokenRecord>[] = [
      { title: { en: 'ID', zh: '标识' }, isKeptWhole: true, value: (token) => token.id },
      { title: { en: 'NAME', zh: '名称' }, value: (token) => token.name },
      { title: { en: 'STATE', zh: '状态' }, value: (token) => token.state },
      { title: { en: 'USES', zh: '已用' }, align: 'end', value: (token) => `${token.uses}/${token.usesMax}` },
      { title: { en: 'EXPIRES', zh: '过期于' }, value: (token) => moment(token.expiresAt) },
      {
        title: { en: 'LABELS', zh: '标签' },
        value: (token) =>
          Object.entries(token.labels)
            .map(([key, value]) => `${key}=${value}`)
            .join(' '),
      },
      { title: { en: 'BY', zh: '创建者' }, value: (token) => token.createdBy },
    ];
    printRows(context, columns, rows);
    return EXIT.ok;
  },
});

const revoke = defineCommand({
  path: 'enrol revoke',
  summary: { en: 'Revoke an enrolment token; its hosts stay', zh: '吊销注册令牌；已注册主机不受影响' },
  arguments: { id: one({ en: 'The token’s id', zh: '令牌标识' }) },
  options: {},
  examples: [
    { line: 'pilothouse enrol revoke et_0k3v9d2qa7m8f4q7xz', about: { en: 'At once', zh: '立即吊销' } },
  ],
  async run(context, { args }) {
    await (await context.connect()).call(enrolmentRoutes.revokeToken, { params: { tokenId: args.id } });
    return EXIT.ok;
  },
});

const pending = defineCommand({
  path: 'enrol pending',
  summary: { en: 'List hosts that wait for a person', zh: '列出等待确认的主机' },
  arguments: {},
  options: {},
  examples: [{ line: 'pilothouse enrol pending', about: { en: 'Who knocks', zh: '查看等待中的主机' } }],
  async run(context) {
    const client = await context.connect();
    const rows = await readList(undefined, (query) => client.call(enrolmentRoutes.listPending, { query }));
    const columns: Column<PendingHost>[] = [
      { title: { en: 'ID', zh: '标识' }, isKeptWhole: true, value: (row) => row.host.id },
      { title: { en: 'NAME', zh: '名称' }, value: (row) => row.host.name },
      { title: { en: 'ADDRESS', zh: '地址' }, value: (row) => row.host.address ?? '-' },
      { title: { en: 'TOKEN', zh: '令牌' }, value: (row) => row.tokenName },
      {
        title: { en: 'WAITS', zh: '已等待' },
        align: 'end',
        value: (row) => age(row.requestedAt, context.clock.now()),
      },
      {
        title: { en: 'REPLACES', zh: '替换' },
        value: (row) => (row.replaces === null ? '-' : `${row.replaces.name} ${row.replaces.id}`),
      },
    ];
    printRows(context, columns, rows);
    return EXIT.ok;
  },
});

const accept = defineCommand({
  path: 'enrol accept',
  summary: { en: 'Accept a waiting host', zh: '接受等待中的主机' },
  arguments: { host },
  options: {
    replace: flag({
      about: {
        en: 'In place of the host it replaces: same id, labels and history',
        zh: '替换原主机：沿用其标识、标签与历史',
      },
    }),
    yes: yesOption,
  },
  examples: [
    {
      line: 'pilothouse enrol accept h_0k3v9d2qa7m8f4q7xz',
      about: { en: 'As a new host', zh: '作为新主机接受' },
    },
    {
      line: 'pilothouse enrol accept h_0k3v9d2qa7m8f4q7xz --replace --yes',
      about: { en: 'A reinstalled one', zh: '接受重装的主机' },
    },
  ],
  async run(context, { args, options }) {
    const question = context.say({
      en: 'Replace? The old identity is revoked for ever.',
      zh: '确定替换？原身份将被永久吊销。',
    });
    if (options.replace && !(await confirm(context, question, { isYes: options.yes }))) return EXIT.cancelled;
    const client = await context.connect();
    const answer = await client.call(enrolmentRoutes.acceptPending, {
      params: { hostId: args.host },
      body: { replace: options.replace },
    });
    if (context.isJson) printJson(context, answer);
    else context.terminal.write(`${answer.hostId}\n`);
    return EXIT.ok;
  },
});

const refuse = defineCommand({
  path: 'enrol refuse',
  summary: { en: 'Refuse a waiting host and revoke its certificate', zh: '拒绝等待中的主机并吊销其证书' },
  arguments: { host },
  options: { yes: yesOption },
  examples: [
    {
      line: 'pilothouse enrol refuse h_0k3v9d2qa7m8f4q7xz --yes',
      about: { en: 'Without asking', zh: '不询问直接拒绝' },
    },
  ],
  async run(context, { args, options }) {
    const question = context.say({ en: 'Refuse {host}?', zh: '拒绝 {host}？' }, args);
    if (!(await confirm(context, question, { isYes: options.yes }))) return EXIT.cancelled;
    await (await context.connect()).call(enrolmentRoutes.refusePending, { params: { hostId: args.host } });
    return EXIT.ok;
  },
});

export const enrolCommands = [enrol, tokens, revoke, pending, accept, refuse];

import {
  age,
  type Column,
  defineCommand,
  EXIT,
  integer,
  list,
  moment,
  note,
  one,
  printJson,
  printRows,
  readList,
} from '@pilothouse/cli-kit';
import { type ApiToken, apiTokenRoutes } from '@pilothouse/contract';

const DAYS_MAX = 3650;

const listTokens = defineCommand({
  path: 'tokens',
  summary: { en: 'List my API tokens', zh: '列出我的 API 令牌' },
  arguments: {},
  options: {},
  examples: [{ line: 'pilothouse tokens', about: { en: 'Without their secrets', zh: '不含密钥' } }],
  async run(context) {
    const client = await context.connect();
    const rows = await readList(undefined, (query) => client.call(apiTokenRoutes.list, { query }));
    const now = context.clock.now();
    const columns: Column<ApiToken>[] = [
      { title: { en: 'ID', zh: '标识' }, isKeptWhole: true, value: (token) => token.id },
      { title: { en: 'NAME', zh: '名称' }, value: (token) => token.name },
      { title: { en: 'ROLES', zh: '角色' }, value: (token) => token.roles?.join(', ') ?? '*' },
      { title: { en: 'AGE', zh: '时间' }, align: 'end', value: (token) => age(token.createdAt, now) },
      { title: { en: 'USED', zh: '最近使用' }, align: 'end', value: (token) => age(token.lastUsedAt, now) },
      { title: { en: 'EXPIRES', zh: '过期于' }, value: (token) => moment(token.expiresAt) },
    ];
    printRows(context, columns, rows);
    return EXIT.ok;
  },
});

const create = defineCommand({
  path: 'tokens create',
  summary: { en: 'Make an API token; its secret is shown this once', zh: '创建 API 令牌，密钥仅显示一次' },
  arguments: { name: one({ en: 'What it is for', zh: '用途' }) },
  options: {
    role: list({
      placeholder: 'ROLE',
      about: { en: 'Only these of my roles (repeatable)', zh: '仅限我的这些角色（可重复）' },
    }),
    days: integer({
      placeholder: 'N',
      min: 1,
      max: DAYS_MAX,
      about: { en: 'Days until it expires (default 90)', zh: '有效天数（默认 90）' },
    }),
  },
  examples: [
    {
      line: 'pilothouse tokens create nightly --role reader --days 30',
      about: { en: 'For a script that only looks', zh: '供只读脚本使用' },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const token = await client.call(apiTokenRoutes.create, {
      body: {
        name: args.name,
        ...(options.role.length === 0 ? {} : { roles: [...options.role] }),
        ...(options.days === undefined ? {} : { expiresInDays: options.days }),
      },
    });
    if (context.isJson) printJson(context, token);
    else {
      note(
        context,
        context.say({ en: 'Keep it now, it is not shown again:', zh: '请立即保存，不会再次显示：' }),
      );
      context.terminal.write(`${token.secret}\n`);
    }
    return EXIT.ok;
  },
});

const revoke = defineCommand({
  path: 'tokens revoke',
  summary: { en: 'Revoke an API token', zh: '吊销 API 令牌' },
  arguments: { id: one({ en: 'The token’s id', zh: '令牌标识' }) },
  options: {},
  examples: [
    { line: 'pilothouse tokens revoke k_0k3v9d2qa7m8f4q7xz', about: { en: 'At once', zh: '立即吊销' } },
  ],
  async run(context, { args }) {
    await (await context.connect()).call(apiTokenRoutes.revoke, { params: { id: args.id } });
    return EXIT.ok;
  },
});

export const tokensCommands = [listTokens, create, revoke];

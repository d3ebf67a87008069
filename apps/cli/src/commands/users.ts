import {
  age,
  type CliContext,
  type Column,
  confirm,
  defineCommand,
  EXIT,
  flag,
  list,
  one,
  printRecord,
  printRows,
  readList,
  yesOption,
} from '@pilothouse/cli-kit';
import { AppError, type User, userRoutes } from '@pilothouse/contract';

const PASSWORD_CHARS_MAX = 4096;
const name = one({ en: 'The user’s name', zh: '用户名' });
const passwordStdin = flag({
  about: { en: 'Read the password from standard input', zh: '从标准输入读取密码' },
});
const role = list({ placeholder: 'ROLE', about: { en: 'A role (repeatable)', zh: '角色（可重复）' } });

const listUsers = defineCommand({
  path: 'users',
  summary: { en: 'List people who can sign in', zh: '列出可登录的用户' },
  arguments: {},
  options: {},
  examples: [{ line: 'pilothouse users', about: { en: 'With their roles', zh: '查看用户及角色' } }],
  async run(context) {
    const client = await context.connect();
    const rows = await readList(undefined, (query) => client.call(userRoutes.list, { query }));
    const now = context.clock.now();
    const columns: Column<User>[] = [
      { title: { en: 'NAME', zh: '用户名' }, value: (user) => user.name },
      { title: { en: 'KIND', zh: '类型' }, value: (user) => user.kind },
      { title: { en: 'ROLES', zh: '角色' }, value: (user) => user.roles.join(', ') },
      { title: { en: 'DISABLED', zh: '停用' }, value: (user) => (user.isDisabled ? '✓' : '') },
      {
        title: { en: 'SIGNED IN', zh: '最近登录' },
        align: 'end',
        value: (user) => age(user.lastSignInAt, now),
      },
    ];
    printRows(context, columns, rows);
    return EXIT.ok;
  },
});

const create = defineCommand({
  path: 'users create',
  summary: { en: 'Add a local user', zh: '添加本地用户' },
  arguments: { name },
  options: { role, passwordStdin },
  examples: [
    {
      line: 'pilothouse users create grace --role operator --password-stdin < password.txt',
      about: { en: 'From a script', zh: '在脚本中添加' },
    },
  ],
  async run(context, { args, options }) {
    const password = await readPassword(context, options.passwordStdin);
    const client = await context.connect();
    const body = { name: args.name, password, roles: [...options.role] };
    printUser(context, await client.call(userRoutes.create, { body }));
    return EXIT.ok;
  },
});

const update = defineCommand({
  path: 'users set',
  summary: { en: 'Change roles or password, disable or enable', zh: '修改角色或密码，停用或启用' },
  arguments: { name },
  options: {
    role,
    passwordStdin,
    disable: flag({ about: { en: 'Ends all sessions and tokens at once', zh: '立即结束其所有会话与令牌' } }),
    enable: flag({ about: { en: 'Let them sign in again', zh: '重新允许登录' } }),
  },
  examples: [
    {
      line: 'pilothouse users set grace --role operator --role auditor',
      about: { en: 'Exactly these roles', zh: '设为这些角色' },
    },
    { line: 'pilothouse users set grace --disable', about: { en: 'Lock out at once', zh: '立即停用' } },
  ],
  async run(context, { args, options }) {
    if (options.disable && options.enable) {
      throw new AppError('CLI_VALUE_INVALID', {
        value: '--disable --enable',
        expected: '--disable | --enable',
      });
    }
    const client = await context.connect();
    const user = await client.call(userRoutes.get, { params: { id: args.name } });
    const body = {
      ...(options.role.length === 0 ? {} : { roles: [...options.role] }),
      ...(options.passwordStdin ? { password: await readPassword(context, true) } : {}),
      ...(options.disable || options.enable ? { isDisabled: options.disable } : {}),
    };
    printUser(
      context,
      await client.call(userRoutes.update, { params: { id: user.id }, body, etag: user.etag }),
    );
    return EXIT.ok;
  },
});

const remove = defineCommand({
  path: 'users delete',
  summary: { en: 'Remove a user with sessions and tokens', zh: '删除用户及其会话与令牌' },
  arguments: { name },
  options: { yes: yesOption },
  examples: [
    { line: 'pilothouse users delete grace --yes', about: { en: 'Without asking', zh: '不询问直接删除' } },
  ],
  async run(context, { args, options }) {
    const question = context.say({ en: 'Remove the user {name}?', zh: '删除用户 {name}？' }, args);
    if (!(await confirm(context, question, { isYes: options.yes }))) return EXIT.cancelled;
    const client = await context.connect();
    const user = await client.call(userRoutes.get, { params: { id: args.name } });
    await client.call(userRoutes.delete, { params: { id: user.id }, etag: user.etag });
    return EXIT.ok;
  },
});

async function readPassword(context: CliContext, isFromInput: boolean): Promise<string> {
  if (isFromInput) return (await context.terminal.readInput(PASSWORD_CHARS_MAX)).replace(/\r?\n$/, '');
  const password = await context.terminal.ask(context.say({ en: 'Password: ', zh: '密码：' }), {
    isSecret: true,
  });
  if (password === null) {
    throw new AppError('CLI_ARGUMENT_MISSING', { command: 'pilothouse users', argument: '--password-stdin' });
  }
  return password;
}

const printUser = (context: CliContext, user: User): void =>
  printRecord(context, user, [
    [context.say({ en: 'name', zh: '用户名' }), user.name],
    [context.say({ en: 'roles', zh: '角色' }), user.roles.join(', ')],
    [context.say({ en: 'disabled', zh: '停用' }), user.isDisabled ? '✓' : '-'],
  ]);

export const usersCommands = [listUsers, create, update, remove];

import {
  type Column,
  choice,
  confirm,
  defineCommand,
  EXIT,
  list,
  one,
  printJson,
  printRows,
  readList,
  text,
  yesOption,
} from '@pilothouse/cli-kit';
import { type Client, ProblemError } from '@pilothouse/client';
import { EffectClass, type PermissionInfo, type Role, roleRoutes } from '@pilothouse/contract';
import type { z } from 'zod';

const name = one({ en: 'The role’s name', zh: '角色名称' });

const PERMISSIONS_SHOWN = 2;

/** One line of a role's grants: `hosts.read, facts.read … (13) @ label.role == "web" ≤ read`; `roles show` has them all. */
const grantText = (role: Role): string =>
  role.grants
    .map(({ permissions: names, hosts, effectMax }) => {
      const more = names.length > PERMISSIONS_SHOWN ? ` … (${names.length})` : '';
      return `${names.slice(0, PERMISSIONS_SHOWN).join(', ')}${more}${hosts === 'true' ? '' : ` @ ${hosts}`} ≤ ${effectMax}`;
    })
    .join('; ');

const listRoles = defineCommand({
  path: 'roles',
  summary: { en: 'List roles and what they grant', zh: '列出角色及其授权' },
  arguments: {},
  options: {},
  examples: [{ line: 'pilothouse roles', about: { en: 'The built-in ones first', zh: '内置角色在前' } }],
  async run(context) {
    const client = await context.connect();
    const rows = await readList(undefined, (query) => client.call(roleRoutes.list, { query }));
    const columns: Column<Role>[] = [
      { title: { en: 'NAME', zh: '名称' }, value: (role) => role.name },
      { title: { en: 'BUILT IN', zh: '内置' }, value: (role) => (role.isBuiltIn ? '✓' : '') },
      { title: { en: 'GRANTS', zh: '授权' }, value: grantText },
      { title: { en: 'DESCRIPTION', zh: '说明' }, value: (role) => role.description },
    ];
    printRows(context, columns, rows);
    return EXIT.ok;
  },
});

const show = defineCommand({
  path: 'roles show',
  summary: { en: 'Show a role as JSON', zh: '以 JSON 显示角色' },
  arguments: { name },
  options: {},
  examples: [{ line: 'pilothouse roles show reader', about: { en: 'Every grant', zh: '查看全部授权' } }],
  async run(context, { args }) {
    const client = await context.connect();
    printJson(context, await client.call(roleRoutes.get, { params: args }));
    return EXIT.ok;
  },
});

const permissions = defineCommand({
  path: 'roles permissions',
  summary: { en: 'List all permissions that roles can grant', zh: '列出角色可授予的全部权限' },
  arguments: {},
  options: {},
  examples: [{ line: 'pilothouse roles permissions', about: { en: 'By name', zh: '按名称列出' } }],
  async run(context) {
    const { items } = await (await context.connect()).call(roleRoutes.permissions);
    const columns: Column<z.infer<typeof PermissionInfo>>[] = [
      { title: { en: 'PERMISSION', zh: '权限' }, value: (one) => one.name },
      { title: { en: 'SCOPE', zh: '范围' }, value: (one) => one.scope },
      { title: { en: 'MEANS', zh: '含义' }, value: (one) => context.say(one.title) },
    ];
    printRows(context, columns, items);
    return EXIT.ok;
  },
});

const set = defineCommand({
  path: 'roles set',
  summary: { en: 'Make a role with one grant, or replace it', zh: '创建或替换含一项授权的角色' },
  details: {
    en: 'A role with several grants is written with the API (see roles show for the shape).',
    zh: '含多项授权的角色请通过 API 编写（形式见 roles show）。',
  },
  arguments: { name },
  options: {
    permission: list({
      short: 'p',
      placeholder: 'NAME',
      about: { en: 'A permission, or * (repeatable)', zh: '权限名，或 *（可重复）' },
    }),
    hosts: text({
      placeholder: 'EXPR',
      about: {
        en: 'On which hosts, by label, groups, name, id (default: all)',
        zh: '适用主机，可用 label、groups、name、id（默认全部）',
      },
    }),
    effect: choice(EffectClass.options, {
      placeholder: 'CLASS',
      about: { en: 'Up to which effect class (default read)', zh: '允许的最高影响等级（默认 read）' },
    }),
    description: text({ placeholder: 'TEXT', about: { en: 'What it is for', zh: '说明' } }),
  },
  examples: [
    {
      line: 'pilothouse roles set web-operator -p hosts.read -p rollouts.start -p commands.run-script --hosts \'label.role == "web"\' --effect disruptive',
      about: { en: 'Operators of the web hosts', zh: 'web 主机的操作员' },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const before = await findRole(client, args.name);
    const body = {
      description: options.description ?? before?.description ?? '',
      grants: [
        {
          permissions: [...options.permission],
          hosts: options.hosts ?? 'true',
          effectMax: options.effect ?? ('read' as const),
        },
      ],
    };
    const role =
      before === null
        ? await client.call(roleRoutes.create, { body: { ...body, name: args.name } })
        : await client.call(roleRoutes.update, { params: args, body, etag: before.etag });
    printJson(context, role);
    return EXIT.ok;
  },
});

const remove = defineCommand({
  path: 'roles delete',
  summary: { en: 'Remove a role that nobody holds', zh: '删除无人持有的角色' },
  arguments: { name },
  options: { yes: yesOption },
  examples: [
    {
      line: 'pilothouse roles delete web-operator --yes',
      about: { en: 'Without asking', zh: '不询问直接删除' },
    },
  ],
  async run(context, { args, options }) {
    const question = context.say({ en: 'Remove the role {name}?', zh: '删除角色 {name}？' }, args);
    if (!(await confirm(context, question, { isYes: options.yes }))) return EXIT.cancelled;
    await (await context.connect()).call(roleRoutes.delete, { params: args });
    return EXIT.ok;
  },
});

async function findRole(client: Client, roleName: string): Promise<Role | null> {
  try {
    return await client.call(roleRoutes.get, { params: { name: roleName } });
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'NOT_FOUND') return null;
    throw error;
  }
}

export const rolesCommands = [listRoles, show, permissions, set, remove];

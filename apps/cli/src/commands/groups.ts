import {
  type CliContext,
  type Column,
  confirm,
  defineCommand,
  EXIT,
  limitOption,
  list,
  one,
  printRecord,
  printRows,
  readList,
  resolveHostId,
  text,
  yesOption,
} from '@pilothouse/cli-kit';
import { type Client, ProblemError } from '@pilothouse/client';
import { type GroupSummary, groupsRoutes } from '@pilothouse/contract';
import { hostColumns } from './hosts.ts';

const path = one({ en: 'Path of the group: bj1/row2/web', zh: '分组路径：bj1/row2/web' });

const listGroups = defineCommand({
  path: 'groups',
  summary: { en: 'List groups, or change them', zh: '列出或修改分组' },
  arguments: {},
  options: {},
  examples: [{ line: 'pilothouse groups', about: { en: 'By path', zh: '按路径列出' } }],
  async run(context) {
    const client = await context.connect();
    const rows = await readList(undefined, (query) => client.call(groupsRoutes.list, { query }));
    const columns: Column<GroupSummary>[] = [
      { title: { en: 'PATH', zh: '路径' }, value: (group) => group.path },
      { title: { en: 'HOSTS', zh: '主机数' }, align: 'end', value: (group) => String(group.hosts) },
      { title: { en: 'BY', zh: '方式' }, value: (group) => group.selector ?? '-' },
      { title: { en: 'DESCRIPTION', zh: '说明' }, value: (group) => group.description },
    ];
    printRows(context, columns, rows);
    return EXIT.ok;
  },
});

const members = defineCommand({
  path: 'groups show',
  summary: { en: 'List the hosts of a group and of those below it', zh: '列出分组及其下级分组的主机' },
  arguments: { path },
  options: { limit: limitOption },
  examples: [
    { line: 'pilothouse groups show bj1/row2', about: { en: 'Whom it means now', zh: '查看其当前主机' } },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const rows = await readList(options.limit, (query) =>
      client.call(groupsRoutes.members, { params: args, query }),
    );
    printRows(context, hostColumns(context), rows);
    return EXIT.ok;
  },
});

const set = defineCommand({
  path: 'groups set',
  summary: { en: 'Make a group or change it', zh: '创建或修改分组' },
  details: {
    en: 'With --selector its hosts follow from the selector; without, it is a fixed list, changed by --add and --remove.',
    zh: '给出 --selector 时主机由选择器决定；否则为固定列表，用 --add 和 --remove 修改。',
  },
  arguments: { path },
  options: {
    selector: text({
      short: 's',
      placeholder: 'EXPR',
      about: { en: 'Which hosts it means', zh: '包含哪些主机' },
    }),
    description: text({ placeholder: 'TEXT', about: { en: 'What it is for', zh: '说明' } }),
    add: list({ placeholder: 'HOST', about: { en: 'Add a host (repeatable)', zh: '添加主机（可重复）' } }),
    remove: list({
      placeholder: 'HOST',
      about: { en: 'Take a host out (repeatable)', zh: '移除主机（可重复）' },
    }),
  },
  examples: [
    {
      line: 'pilothouse groups set bj1/web -s \'label.site == "bj1" && label.role == "web"\'',
      about: { en: 'By selector', zh: '按选择器' },
    },
    {
      line: 'pilothouse groups set bj1/canary --add web-1 --add web-2',
      about: { en: 'A fixed list', zh: '固定列表' },
    },
  ],
  async run(context, { args, options }) {
    const client = await context.connect();
    const before = await findGroup(client, args.path);
    let group = before;
    if (before === null || options.selector !== undefined || options.description !== undefined) {
      group = await client.call(groupsRoutes.put, {
        params: args,
        body: {
          description: options.description ?? before?.description ?? '',
          selector: options.selector ?? before?.selector ?? null,
        },
        ...(before === null ? {} : { etag: before.etag }),
      });
    }
    if (options.add.length > 0 || options.remove.length > 0) {
      const ids = (names: readonly string[]) => Promise.all(names.map((name) => resolveHostId(client, name)));
      const body = { add: await ids(options.add), remove: await ids(options.remove) };
      group = await client.call(groupsRoutes.setMembers, { params: args, body });
    }
    if (group !== null) printGroup(context, group);
    return EXIT.ok;
  },
});

const remove = defineCommand({
  path: 'groups delete',
  summary: { en: 'Remove a group; its hosts stay', zh: '删除分组，保留其主机' },
  arguments: { path },
  options: { yes: yesOption },
  examples: [
    {
      line: 'pilothouse groups delete bj1/canary --yes',
      about: { en: 'Without asking', zh: '不询问直接删除' },
    },
  ],
  async run(context, { args, options }) {
    const question = context.say({ en: 'Remove the group {path}?', zh: '删除分组 {path}？' }, args);
    if (!(await confirm(context, question, { isYes: options.yes }))) return EXIT.cancelled;
    await (await context.connect()).call(groupsRoutes.remove, { params: args });
    return EXIT.ok;
  },
});

function printGroup(context: CliContext, group: GroupSummary): void {
  const { say } = context;
  printRecord(context, group, [
    [say({ en: 'path', zh: '路径' }), group.path],
    [say({ en: 'by', zh: '依据' }), group.selector ?? say({ en: 'a fixed list', zh: '固定列表' })],
    [say({ en: 'hosts', zh: '主机数' }), String(group.hosts)],
    [say({ en: 'description', zh: '说明' }), group.description],
  ]);
}

async function findGroup(client: Client, groupPath: string): Promise<GroupSummary | null> {
  try {
    return await client.call(groupsRoutes.get, { params: { path: groupPath } });
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'GROUP_UNKNOWN') return null;
    throw error;
  }
}

export const groupsCommands = [listGroups, members, set, remove];

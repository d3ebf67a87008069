import { defineCommand, one, runActions, runActionsOptions } from '@pilothouse/cli-kit';

const path = one({ en: 'The file on the hosts', zh: '主机上的文件' });

export const fileRemove = defineCommand({
  path: 'file remove',
  summary: { en: 'Remove a file from hosts, and keep it away', zh: '从主机删除文件并保持删除状态' },
  arguments: { path },
  options: runActionsOptions,
  examples: [
    {
      line: 'pilothouse file remove /etc/motd --host web-1 --dry-run',
      about: { en: 'Is it there at all?', zh: '该文件是否存在？' },
    },
  ],
  run: (context, { args, options }) =>
    runActions(context, options, {
      title: `remove ${args.path}`,
      actions: [{ action: 'files.manage', parameters: { path: args.path, state: 'absent' } }],
      effect: 'reversible',
    }),
});

export const fileForget = defineCommand({
  path: 'file forget',
  summary: { en: 'Stop managing a file; it stays as it is', zh: '停止管理文件；文件保持原样' },
  arguments: { path },
  options: runActionsOptions,
  examples: [
    {
      line: 'pilothouse file forget /etc/motd --all --yes',
      about: { en: 'Nowhere is it looked after any more', zh: '所有主机不再管理它' },
    },
  ],
  run: (context, { args, options }) =>
    runActions(context, options, {
      title: `forget ${args.path}`,
      actions: [{ action: 'files.forget', parameters: { path: args.path } }],
      effect: 'reversible',
    }),
});

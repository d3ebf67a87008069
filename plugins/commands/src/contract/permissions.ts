import { definePermissions } from '@pilothouse/contract';

/**
 * Running anything and running what somebody has reviewed are two permissions, and so are writing and publishing: whoever
 * may only run published scripts can do to a host exactly what the publishers have let through.
 */
export const commandsPermissions = definePermissions({
  read: {
    name: 'commands.read',
    title: { en: 'See the script library', zh: '查看脚本库' },
    scope: 'global',
    isRead: true,
  },
  edit: {
    name: 'commands.edit',
    title: { en: 'Write drafts of scripts', zh: '编写脚本草稿' },
    scope: 'global',
    isRead: false,
  },
  publish: {
    name: 'commands.publish',
    title: { en: 'Publish versions of scripts', zh: '发布脚本版本' },
    scope: 'global',
    isRead: false,
  },
  run: {
    name: 'commands.run',
    title: { en: 'Run any command and any draft', zh: '执行任意命令和脚本草稿' },
    scope: 'hosts',
    isRead: false,
  },
  runScript: {
    name: 'commands.run-script',
    title: { en: 'Run published scripts', zh: '执行已发布的脚本' },
    scope: 'hosts',
    isRead: false,
  },
});

/**
 * Commands: runs programs and scripts on hosts, and keeps a library of reviewed scripts. It is not for what has a typed
 * action of its own (services, packages, files): those know what they change and can undo it; a command cannot.
 */
import { definePlugin } from '@pilothouse/contract';
import { runCommandAction, runScriptAction } from './contract/actions.ts';
import { commandErrors, scriptErrors } from './contract/errors.ts';
import { commandsPermissions } from './contract/permissions.ts';
import { commandsRoutes } from './contract/routes.ts';

export { runCommandAction, runScriptAction } from './contract/actions.ts';
export * from './contract/command-parameters.ts';
export { commandErrors, scriptErrors } from './contract/errors.ts';
export { commandsPermissions } from './contract/permissions.ts';
export * from './contract/routes.ts';
export * from './contract/script.ts';

export const commandsPlugin = definePlugin({
  id: 'commands',
  title: { en: 'Commands and scripts', zh: '命令与脚本' },
  permissions: commandsPermissions,
  errors: { ...commandErrors, ...scriptErrors },
  facts: [],
  actions: [runCommandAction, runScriptAction],
  findings: [],
  events: [
    { type: 'commands.draft-saved', title: { en: 'A draft of a script was saved', zh: '脚本草稿已保存' } },
    { type: 'commands.published', title: { en: 'A script was published', zh: '脚本已发布' } },
    { type: 'commands.removed', title: { en: 'A script was removed', zh: '脚本已移除' } },
  ],
  routes: commandsRoutes,
});

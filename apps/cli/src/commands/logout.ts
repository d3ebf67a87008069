import { EXIT, note } from '@pilothouse/cli-kit';
import { isAppError, sessionRoutes } from '@pilothouse/contract';
import { defineAppCommand } from '../define-app-command.ts';

export const logoutCommands = [
  defineAppCommand({
    path: 'logout',
    summary: { en: 'Revoke this computer’s token and forget it', zh: '吊销并删除本机保存的令牌' },
    arguments: {},
    options: {},
    examples: [
      { line: 'pilothouse logout', about: { en: 'Sign out of the current server', zh: '退出当前服务器' } },
    ],
    async run(context) {
      const site = await context.connector.site();
      try {
        await context.connector.clientOf(site).call(sessionRoutes.signOut);
      } catch (error) {
        // A token that the server does not take, or a server that is gone, must not keep a person signed in here.
        if (!isAppError(error)) throw error;
        const { title } = context.describe(error.code, error.details);
        note(
          context,
          context.say(
            { en: 'The server could not be told: {title}', zh: '未能通知服务器：{title}' },
            { title },
          ),
        );
      }
      const config = await context.sites.readConfig();
      const { [site.url]: left, ...others } = config.servers;
      await context.sites.writeConfig({
        ...config,
        servers:
          left === undefined ? others : { ...others, [site.url]: { ...left, token: null, user: null } },
      });
      note(context, context.say({ en: 'Signed out of {url}', zh: '已退出 {url}' }, { url: site.url }));
      return EXIT.ok;
    },
  }),
];

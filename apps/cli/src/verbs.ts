import type { VerbGroup } from './command-catalogue.ts';

/** Every verb of the command line, in the order of the help. */
export const verbGroups: readonly VerbGroup[] = [
  {
    title: { en: 'This computer:', zh: '本机：' },
    verbs: [
      {
        name: 'login',
        summary: { en: 'Sign in to a server and remember it', zh: '登录服务器并保存' },
        load: async () => (await import('./commands/login.ts')).loginCommands,
      },
      {
        name: 'logout',
        summary: { en: 'Revoke this computer’s token and forget it', zh: '吊销并删除本机保存的令牌' },
        load: async () => (await import('./commands/logout.ts')).logoutCommands,
      },
      {
        name: 'completion',
        summary: { en: 'Print the completion script of a shell', zh: '输出 shell 补全脚本' },
        load: async () => (await import('./commands/completion.ts')).completionCommands,
      },
      {
        name: 'version',
        summary: {
          en: 'Show the version of this program and of the server',
          zh: '显示本程序及服务器的版本',
        },
        load: async () => (await import('./commands/version.ts')).versionCommands,
      },
    ],
  },
];

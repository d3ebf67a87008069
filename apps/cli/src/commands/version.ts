import { EXIT, flag, printRecord } from '@pilothouse/cli-kit';
import { isAppError, systemRoutes } from '@pilothouse/contract';
import { defineAppCommand } from '../define-app-command.ts';
import { VERSION } from '../version.ts';

export const versionCommands = [
  defineAppCommand({
    path: 'version',
    summary: { en: 'Show the version of this program and of the server', zh: '显示本程序及服务器的版本' },
    arguments: {},
    options: {
      client: flag({ about: { en: 'Ask no server', zh: '不查询服务器' } }),
    },
    examples: [
      { line: 'pilothouse version', about: { en: 'Both versions', zh: '查看两端版本' } },
      { line: 'pilothouse version --client', about: { en: 'Only this program', zh: '仅查看本程序' } },
    ],
    async run(context, { options }) {
      const own = { client: VERSION, runtime: process.version };
      const client = options.client ? null : await context.connect().catch(whoeverIsSignedOut);
      if (client === null) {
        printRecord(context, own, [['pilothouse', VERSION]]);
        return EXIT.ok;
      }
      const ready = await client.call(systemRoutes.ready);
      printRecord(context, { ...own, server: ready.version }, [
        ['pilothouse', VERSION],
        [context.say({ en: 'server', zh: '服务器' }), ready.version],
      ]);
      return EXIT.ok;
    },
  }),
];

/** Whoever has no server yet asks for the program's own version, and is no error. */
function whoeverIsSignedOut(error: unknown): null {
  if (isAppError(error) && error.code === 'CLI_NOT_SIGNED_IN') return null;
  throw error;
}

import {
  carryOutPlan,
  defineCommand,
  integer,
  probeOf,
  resolveHostId,
  rest,
  targetOf,
  targetOptions,
} from '@pilothouse/cli-kit';
import { AppError, planRoutes, toTimestamp } from '@pilothouse/contract';
import { runCommandAction } from '@pilothouse/plugin-commands/contract';

const TITLE_CHARS_MAX = 200;
const TRIES_MAX = 60;
/** Somebody who waits at a terminal does not mean hosts that come back tomorrow. */
const EXPIRES_MS = 3_600_000;

const probe = defineCommand({
  path: 'probe',
  summary: { en: 'Let hosts check themselves now; change nothing', zh: '让主机立即自检，不做更改' },
  details: {
    en: 'The checks that a plan can name with --probe, asked once and by themselves: http:URL, tcp:HOST:PORT, unit:NAME, command:LINE, each with NAME= before it if wanted. A host where one fails is listed with what the check saw, and the exit code is 1.',
    zh: '即计划中 --probe 可用的检查，此处单独执行一次：http:URL、tcp:主机:端口、unit:名称、command:命令行，可在前加“名称=”。任一检查失败的主机会列出检查所见，退出码为 1。',
  },
  arguments: { checks: rest({ en: 'What to check, one or several', zh: '要检查的内容，一个或多个' }) },
  options: {
    ...targetOptions,
    tries: integer({
      placeholder: 'N',
      min: 1,
      max: TRIES_MAX,
      about: {
        en: 'Tries of each check, two seconds apart (default 1)',
        zh: '每项检查的次数，间隔两秒（默认 1）',
      },
    }),
  },
  examples: [
    {
      line: 'pilothouse probe unit:nginx.service http:http://127.0.0.1/ -s \'label.role == "web"\'',
      about: { en: 'Is the web fleet well?', zh: 'web 主机是否正常？' },
    },
  ],
  async run(context, { args, options }) {
    if (args.checks.length === 0)
      throw new AppError('CLI_ARGUMENT_MISSING', { command: 'pilothouse probe', argument: 'CHECK…' });
    const probes = args.checks.map((check, index) => ({
      ...probeOf(check, index + 1),
      tries: options.tries ?? 1,
    }));
    const client = await context.connect();
    const made = await client.call(planRoutes.create, {
      body: {
        title: `probe ${args.checks.join(' ')}`.slice(0, TITLE_CHARS_MAX),
        target: await targetOf(options, (name) => resolveHostId(client, name)),
        expiresAt: toTimestamp(context.clock.now() + EXPIRES_MS),
        // Probes belong to a task; this one does nothing beside them.
        actions: [{ action: runCommandAction.name, parameters: { argv: ['true'], effect: 'read' } }],
        strategy: { offline: 'skip', failuresMax: null, probes },
      },
    });
    return carryOutPlan(context, client, {
      plan: made.plan,
      undeterminedCount: made.undeterminedCount,
      lacking: made.lacking.map((host) => host.hostName),
      effect: 'read',
      kind: 'run',
      isYes: true,
      isDetached: false,
    });
  },
});

export const probeCommands = [probe];

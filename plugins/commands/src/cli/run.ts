import { HOUR_MS } from '@pilothouse/base';
import {
  carryOutPlan,
  choice,
  defineCommand,
  flag,
  list,
  readPairs,
  resolveHostId,
  rest,
  strategyOf,
  strategyOptions,
  targetOf,
  targetOptions,
  text,
  yesOption,
} from '@pilothouse/cli-kit';
import { AppError, EffectClass, planRoutes, toTimestamp } from '@pilothouse/contract';
import { runCommandAction } from '../contract/actions.ts';

/** Somebody who waits at a terminal does not mean hosts that come back tomorrow. */
const EXPIRES_MS = HOUR_MS;
const TITLE_CHARS_MAX = 200;

export const runOptions = {
  ...targetOptions,
  ...strategyOptions,
  dryRun: flag({
    about: { en: 'Say what would run on each host; run nothing', zh: '仅说明各主机将执行的内容，不实际执行' },
  }),
  detach: flag({ about: { en: 'Start it and do not wait', zh: '启动后不等待' } }),
  yes: yesOption,
};

export const runCommand = defineCommand({
  path: 'run',
  summary: { en: 'Run a command on hosts', zh: '在主机上执行命令' },
  details: {
    en: 'The command follows --. It is started as it is, without a shell; for pipes and variables use --shell. It counts as disruptive unless --effect says otherwise, and is asked about before it runs.',
    zh: '命令写在 -- 之后，不经 shell 直接启动；需要管道或变量时请用 --shell。除非用 --effect 指定，否则按“有中断”处理，并在执行前询问。',
  },
  arguments: {
    command: rest({ en: 'The program and its arguments', zh: '程序及其参数' }),
  },
  options: {
    ...runOptions,
    shell: text({
      placeholder: 'TEXT',
      about: {
        en: 'A line for a shell, instead of a command after --',
        zh: '由 shell 解释的命令行，代替 -- 之后的命令',
      },
    }),
    interpreter: text({
      placeholder: 'NAME',
      about: {
        en: 'What reads --shell: sh, bash, python3, perl or a path (default sh)',
        zh: '解释 --shell 的程序：sh、bash、python3、perl 或路径（默认 sh）',
      },
    }),
    user: text({ short: 'u', placeholder: 'NAME', about: { en: 'Run as this user', zh: '以该用户执行' } }),
    directory: text({ placeholder: 'PATH', about: { en: 'Run in this directory', zh: '在该目录中执行' } }),
    env: list({
      placeholder: 'NAME=VALUE',
      about: { en: 'Set a variable (repeatable)', zh: '设置环境变量（可重复）' },
    }),
    effect: choice(EffectClass.options, {
      placeholder: 'CLASS',
      about: {
        en: 'read, reversible, disruptive or destructive',
        zh: 'read 只读、reversible 可撤销、disruptive 有中断、destructive 不可恢复',
      },
    }),
    title: text({ placeholder: 'TEXT', about: { en: 'What the rollout is called', zh: '发布的标题' } }),
  },
  examples: [
    {
      line: 'pilothouse run -s \'label.role == "web"\' -- uptime',
      about: { en: 'On all hosts with the label role=web', zh: '在所有标签 role=web 的主机上' },
    },
    {
      line: "pilothouse run --all --effect read --shell 'df -h / | tail -1'",
      about: {
        en: 'A line for a shell that changes nothing, so nothing is asked',
        zh: '只读的 shell 命令行，无需确认',
      },
    },
    {
      line: 'pilothouse run --host web-1 --user www-data --directory /srv --dry-run -- ls -l',
      about: { en: 'Only look whether it could run', zh: '仅检查能否执行' },
    },
  ],
  passThrough: true,
  async run(context, { args, options }) {
    const { shell, interpreter, user, directory } = options;
    if ((shell === undefined) === (args.command.length === 0)) {
      throw new AppError('CLI_ARGUMENT_MISSING', {
        command: 'pilothouse run',
        argument: '-- COMMAND | --shell TEXT',
      });
    }
    const client = await context.connect();
    const effect = options.effect ?? 'disruptive';
    const made = await client.call(planRoutes.create, {
      body: {
        title: (options.title ?? shell ?? args.command.join(' ')).slice(0, TITLE_CHARS_MAX),
        target: await targetOf(options, (name) => resolveHostId(client, name)),
        expiresAt: toTimestamp(context.clock.now() + EXPIRES_MS),
        // What the kernel takes for ad-hoc runs: everywhere at once, to whom it may concern now.
        strategy: {
          ...(options.maxFailures ? {} : { failuresMax: null }),
          offline: 'skip',
          ...strategyOf(options),
        },
        ...(options.dryRun ? { isDryRunOnly: true } : {}),
        actions: [
          {
            action: runCommandAction.name,
            parameters: {
              ...(shell === undefined ? { argv: [...args.command] } : { shell }),
              ...(interpreter === undefined ? {} : { interpreter }),
              ...(user === undefined ? {} : { user }),
              ...(directory === undefined ? {} : { directory }),
              ...(options.env.length === 0 ? {} : { environment: readPairs(options.env) }),
              effect,
            },
          },
        ],
      },
    });
    return carryOutPlan(context, client, {
      plan: made.plan,
      undeterminedCount: made.undeterminedCount,
      lacking: made.lacking.map((host) => host.hostName),
      effect,
      kind: options.dryRun ? 'dry-run' : 'run',
      isYes: options.yes,
      isDetached: options.detach,
    });
  },
});

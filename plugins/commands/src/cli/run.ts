import { defineCommand, rest, runActions, runActionsOptions } from '@pilothouse/cli-kit';
import { AppError } from '@pilothouse/contract';
import { COMMAND_ARGUMENT, commandOf, commandOptions } from './command-options.ts';

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
  options: { ...runActionsOptions, ...commandOptions },
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
    const said = commandOf(args.command, options, 'pilothouse run');
    if (said === null)
      throw new AppError('CLI_ARGUMENT_MISSING', { command: 'pilothouse run', argument: COMMAND_ARGUMENT });
    const { title, action, effect } = said;
    return runActions(context, options, { title, actions: [action], effect, goesOnAfterFailures: true });
  },
});

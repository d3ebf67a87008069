/** How a command is said on a line, wherever one is planned: `run`, `plan make`, `schedule set`. */
import { choice, list, readPairs, text, type Values } from '@pilothouse/cli-kit';
import { AppError, EffectClass, type JsonObject } from '@pilothouse/contract';
import { runCommandAction } from '../contract/actions.ts';

export const commandOptions = {
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
};

/** How the command line names what is missing when there is no command. */
export const COMMAND_ARGUMENT = '-- COMMAND | --shell TEXT';

export interface SaidCommand {
  /** What it is called when nobody says otherwise: the line itself. */
  readonly title: string;
  readonly action: { readonly action: string; readonly parameters: JsonObject };
  readonly effect: EffectClass;
}

/**
 * The command after `--` or in `--shell`; null when neither was said. AppError CLI_OPTIONS_CONFLICT when both were,
 * CLI_ARGUMENT_MISSING when something was said of a command and there is none.
 */
export function commandOf(
  command: readonly string[],
  options: Values<typeof commandOptions>,
  verb: string,
): SaidCommand | null {
  const { shell, interpreter, user, directory } = options;
  if (shell !== undefined && command.length > 0)
    throw new AppError('CLI_OPTIONS_CONFLICT', { first: '--shell', second: '--' });
  if (shell === undefined && command.length === 0) {
    const { effect, env } = options;
    if ([interpreter, user, directory, effect, env[0]].every((said) => said === undefined)) return null;
    throw new AppError('CLI_ARGUMENT_MISSING', { command: verb, argument: COMMAND_ARGUMENT });
  }
  const effect = options.effect ?? 'disruptive';
  const parameters: JsonObject = {
    ...(shell === undefined ? { argv: [...command] } : { shell }),
    ...(interpreter === undefined ? {} : { interpreter }),
    ...(user === undefined ? {} : { user }),
    ...(directory === undefined ? {} : { directory }),
    ...(options.env.length === 0 ? {} : { environment: readPairs(options.env) }),
    effect,
  };
  return {
    title: shell ?? command.join(' '),
    action: { action: runCommandAction.name, parameters },
    effect,
  };
}

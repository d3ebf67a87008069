import { AppError } from '@pilothouse/contract';
import { CommanderError } from 'commander';

/**
 * commander's complaint about a line as one of our codes. Its own text is English prose, so the only thing taken from it
 * is the word that it quotes: which option, which argument.
 */
export function lineError(error: CommanderError, command: string): AppError {
  const word = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  switch (error.code) {
    case 'commander.unknownOption':
      return new AppError('CLI_OPTION_UNKNOWN', { command, option: word });
    case 'commander.missingArgument':
      return new AppError('CLI_ARGUMENT_MISSING', { command, argument: word });
    case 'commander.optionMissingArgument':
      return new AppError('CLI_ARGUMENT_MISSING', { command, argument: word });
    case 'commander.excessArguments':
      return new AppError('CLI_ARGUMENT_EXTRA', { command });
    default:
      return new AppError('CLI_LINE_INVALID', { command, problem: error.message.replace(/^error: /, '') });
  }
}

/** Help and version are shown and done. */
export const isShown = (error: unknown): error is CommanderError =>
  error instanceof CommanderError && ['commander.helpDisplayed', 'commander.help'].includes(error.code);

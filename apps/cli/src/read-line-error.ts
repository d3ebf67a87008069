import { AppError, type Message } from '@pilothouse/contract';
import { type Command, CommanderError } from 'commander';
import { meantVerb } from './meant-verb.ts';

/**
 * commander's complaint about a line as one of our codes. Its own text is English prose, so the only thing taken from it
 * is the word that it quotes: which option, which argument.
 */
export function lineError(error: CommanderError, program: Command, line: readonly string[]): AppError {
  const word = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  const { path, meant } = commandOf(program, line);
  const command = path.join(' ');
  switch (error.code) {
    case 'commander.unknownOption': {
      const options = meant.options.map((option) => option.long ?? '').filter((name) => name !== '');
      const nearest = meantVerb(word, options) ?? '--help';
      return new AppError('CLI_OPTION_UNKNOWN', { command, option: word, nearest });
    }
    case 'commander.missingArgument':
      return new AppError('CLI_ARGUMENT_MISSING', { command, argument: word });
    case 'commander.optionMissingArgument':
      return new AppError('CLI_ARGUMENT_MISSING', { command, argument: word });
    case 'commander.excessArguments':
      return extraArgument(meant, command);
    default:
      return new AppError('CLI_LINE_INVALID', { command, problem: problemOf(error, word) });
  }
}

/** A word too many is most often a subcommand with a slip in it: `audit vrify`. */
function extraArgument(meant: Command, command: string): AppError {
  const extra = meant.args[meant.registeredArguments.length] ?? '';
  const names = meant.commands.map((sub) => sub.name());
  const nearest = meantVerb(meant.args[0] ?? '', names);
  return nearest === null
    ? new AppError('CLI_ARGUMENT_EXTRA', { command, extra })
    : new AppError('CLI_SUBCOMMAND_UNKNOWN', { command, name: meant.args[0] ?? '', nearest });
}

/** The deepest command that the words of the line name, with the words that led to it. */
function commandOf(program: Command, line: readonly string[]): { path: string[]; meant: Command } {
  const path = [program.name()];
  let meant = program;
  for (const word of line) {
    const next = meant.commands.find((command) => command.name() === word);
    if (next === undefined) continue;
    path.push(word);
    meant = next;
  }
  return { path, meant };
}

/** Help and version are shown and done. */
export const isShown = (error: unknown): error is CommanderError =>
  error instanceof CommanderError && ['commander.helpDisplayed', 'commander.help'].includes(error.code);

/** What no code of ours says; the library's prose stays a quotation. */
function problemOf(error: CommanderError, word: string): Message {
  const words = error.message.replace(/^error: /, '');
  if (word === '') return { en: `it is not understood ("${words}")`, zh: `无法理解（“${words}”）` };
  return { en: `${word} does not fit there ("${words}")`, zh: `${word} 不适用于此处（“${words}”）` };
}

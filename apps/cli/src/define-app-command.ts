import type { AnyCommand, CommandSpec, ExitCode, Values } from '@pilothouse/cli-kit';
import type { AppContext } from './app-context.ts';

type Parts = Pick<CommandSpec, 'arguments' | 'options'>;

/** A verb of the program itself, which may touch logins; a plugin's verb gets only the CliContext part of the same. */
export const defineAppCommand = <const A extends Parts['arguments'], const O extends Parts['options']>(
  command: Omit<CommandSpec<A, O>, 'run'> & {
    readonly run: (
      context: AppContext,
      input: { readonly args: Values<A>; readonly options: Values<O> },
    ) => Promise<ExitCode>;
  },
): AnyCommand =>
  // run-cli hands every command an AppContext; only the declared type is narrower.
  command as unknown as AnyCommand;

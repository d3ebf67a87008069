/**
 * A verb as data: the command line registers it, prints its help, completes it and tests it, all from this one value.
 * `run` gets what the person wrote, already typed by the declarations beside it.
 */
import type { ErrorTable, Message } from '@pilothouse/contract';
import type { CliContext } from './cli-context.ts';
import type { ExitCode } from './exit-codes.ts';

/** How one option or argument reads its text. `parse` throws AppError for text that does not fit. */
export interface OptionSpec<T = unknown> {
  readonly takes: 'nothing' | 'value' | 'values';
  readonly short?: string;
  /** Stands for the value in help: EXPR, HOST, N. */
  readonly placeholder?: string;
  readonly about: Message;
  readonly choices?: readonly string[];
  readonly parse: (raw: readonly string[]) => T;
}

export interface ArgumentSpec<T = unknown> {
  readonly takes: 'one' | 'optional' | 'rest';
  readonly about: Message;
  readonly choices?: readonly string[];
  readonly parse: (raw: readonly string[]) => T;
}

export type Options = Readonly<Record<string, OptionSpec>>;
export type Arguments = Readonly<Record<string, ArgumentSpec>>;
export type Values<Specs> = {
  readonly [K in keyof Specs]: Specs[K] extends { readonly parse: (raw: readonly string[]) => infer T }
    ? T
    : never;
};

export interface Example {
  /** A whole line that works against a server of the lab: `pilothouse hosts -s 'label.role == "web"'`. */
  readonly line: string;
  readonly about: Message;
}

export interface CommandSpec<A extends Arguments = Arguments, O extends Options = Options> {
  /** `rollout watch`: a verb, or a verb and what it does. A verb may have both; then the first word must not collide. */
  readonly path: string;
  readonly summary: Message;
  /** Paragraphs below the summary in help. */
  readonly details?: Message;
  /** In the order in which they are written. */
  readonly arguments: A;
  /** camelCase here, --kebab-case on the line. */
  readonly options: O;
  readonly examples: readonly Example[];
  /** True: what follows the first argument belongs to it, options included (`run -- uptime -p`). */
  readonly passThrough?: boolean;
  readonly run: (
    context: CliContext,
    input: { readonly args: Values<A>; readonly options: Values<O> },
  ) => Promise<ExitCode>;
}

/** A command of any shape, as lists hold them: its `run` is only ever given what its own specs parsed. */
export type AnyCommand = Omit<CommandSpec, 'run'> & {
  readonly run: (
    context: CliContext,
    input: { readonly args: never; readonly options: never },
  ) => Promise<ExitCode>;
};

export const defineCommand = <const A extends Arguments, const O extends Options>(
  command: CommandSpec<A, O>,
): CommandSpec<A, O> => command;

/** The command-line room of a plugin. Error texts are needed here because tasks carry codes, not words. */
export interface CliPlugin {
  readonly id: string;
  readonly commands: readonly AnyCommand[];
  readonly errors: ErrorTable;
}

export const defineCliPlugin = (plugin: CliPlugin): CliPlugin => plugin;

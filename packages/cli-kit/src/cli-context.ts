import type { Clock } from '@pilothouse/base';
import type { CancelSignal, Client, WatchWorld } from '@pilothouse/client';
import type { ErrorDetails, Language, Message, MessageParameters } from '@pilothouse/contract';
import type { Terminal } from './terminal.ts';

/** A code in the reader's language: what is wrong, and the next step. */
export interface Described {
  readonly title: string;
  readonly hint: string;
}

/** What a running command may use: the world as arguments, so that a test runs it in memory. */
export interface CliContext {
  readonly terminal: Terminal;
  readonly language: Language;
  /** Print the API's own shapes as JSON instead of tables. */
  readonly isJson: boolean;
  readonly clock: Clock;
  readonly watchWorld: WatchWorld;
  /** Aborted by Ctrl-C. */
  readonly signal: CancelSignal;
  /** The client of the server that options, environment or the last login name. AppError CLI_NOT_SIGNED_IN when none. */
  readonly connect: () => Promise<Client>;
  readonly say: (message: Message, parameters?: MessageParameters) => string;
  /** The words of an error code of kernel, client or plugin; the bare code when this program does not know it. */
  readonly describe: (code: string, details: ErrorDetails) => Described;
}

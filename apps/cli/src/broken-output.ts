import { EXIT } from '@pilothouse/cli-kit';
import { AppError, type Message, renderMessage } from '@pilothouse/contract';
import { createDescriber } from './describe-code.ts';
import { chooseLanguage } from './global-options.ts';
import { pluginErrors } from './plugins.ts';
import { reportError } from './report-error.ts';
import { systemTerminal } from './system-terminal.ts';

/** Ends the process when nobody takes its results any more; `line` says in which language. */
export function endOnBrokenOutput(process: NodeJS.Process, line: readonly string[]): void {
  // Without a reader notes and progress are lost; results, and how it ends, stay what they are.
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (cause: NodeJS.ErrnoException) => {
    // The reader of a pipe (head, less) has seen enough.
    if (cause.code === 'EPIPE') process.exit(EXIT.ok);
    const language = chooseLanguage(line, process.env);
    const speech = {
      terminal: systemTerminal(process, { isColourAllowed: false }),
      say: (message: Message) => renderMessage(message, language, {}),
      describe: createDescriber(language, pluginErrors),
      isJson: line.includes('--json'),
    };
    const error = new AppError('CLI_OUTPUT_FAILED', { reason: cause.code ?? cause.message }, { cause });
    process.exit(reportError(speech, error, false));
  });
}

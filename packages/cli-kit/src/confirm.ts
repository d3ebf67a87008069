import { AppError, type Message } from '@pilothouse/contract';
import type { CliContext } from './cli-context.ts';
import { flag } from './options.ts';

const SUFFIX: Message = { en: ' [y/N] ', zh: '［是 y / 否 N］' };

/** The option of every command that asks. */
export const yesOption = flag({ short: 'y', about: { en: 'Do not ask', zh: '不询问' } });

/**
 * Asks before something dangerous. `--yes` answers for scripts; without it and without a terminal the question is refused
 * rather than taken as yes (AppError CLI_NEEDS_YES), because a script that hangs or guesses is worse than one that stops.
 */
export async function confirm(
  context: CliContext,
  question: string,
  options: { readonly isYes: boolean },
): Promise<boolean> {
  if (options.isYes) return true;
  if (!context.terminal.isInputTty) throw new AppError('CLI_NEEDS_YES', { question });
  const answer = await context.terminal.ask(question + context.say(SUFFIX));
  return /^(y|yes|是|好)$/i.test((answer ?? '').trim());
}

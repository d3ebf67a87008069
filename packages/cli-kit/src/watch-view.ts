import { AppError } from '@pilothouse/contract';
import type { CliContext } from './cli-context.ts';
import { duration, flag } from './options.ts';

const INTERVAL_MS = 2000;
const INTERVAL_MS_MIN = 500;

export const watchOptions = {
  watch: flag({ short: 'w', about: { en: 'Show it again and again', zh: '持续刷新显示' } }),
  every: duration({
    placeholder: '2s',
    about: { en: 'How often, with --watch', zh: '与 --watch 连用：刷新间隔' },
  }),
};

/**
 * Runs a view once, or until Ctrl-C (AppError CLI_INTERRUPTED). On a terminal each round takes the place of the one before; elsewhere rounds follow
 * one another, so that a log file of them is readable.
 */
export async function watchView(
  context: CliContext,
  options: { readonly watch: boolean; readonly every: number | undefined },
  show: () => Promise<void>,
): Promise<void> {
  await show();
  if (!options.watch) return;
  const intervalMs = Math.max(INTERVAL_MS_MIN, options.every ?? INTERVAL_MS);
  for (;;) {
    await context.watchWorld.wait(intervalMs);
    if (context.signal.aborted) throw new AppError('CLI_INTERRUPTED');
    if (context.terminal.isOutputTty && !context.isJson) context.terminal.write('\u001b[H\u001b[2J');
    await show();
  }
}

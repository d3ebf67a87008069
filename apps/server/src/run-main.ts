import { type Language, languageOf, localeOf } from '@pilothouse/contract';
import { type Config, readConfig } from './config.ts';
import { helpText } from './help-text.ts';
import { refusalOf } from './report-refusal.ts';
import { systemSources } from './system-config.ts';

/** One Ctrl-C may reach the process several times: from the terminal, from npm, from a wrapper. */
const SAME_WISH_MS = 2_000;

/** Resolves when a person or the system asks the process to end. Asked once more, it ends as it is. */
export function endAsked(): Promise<void> {
  return new Promise((resolve) => {
    let askedAt: number | null = null;
    const ask = (): void => {
      if (askedAt !== null && performance.now() - askedAt > SAME_WISH_MS) process.exit(130);
      askedAt ??= performance.now();
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, ask);
  });
}

/** The frame of both programs: help, configuration, refusals in one line, the exit code. */
export async function runMain(run: (config: Config) => Promise<void>): Promise<void> {
  const sources = systemSources();
  if (sources.args.some((argument) => argument === '--help' || argument === '-h')) {
    process.stdout.write(helpText(systemLanguage()));
    return;
  }
  await orRefuse(() => run(readConfig(sources)));
}

/** Before the configuration is read, and when it cannot be. */
export function systemLanguage(): Language {
  return languageOf(process.env['PILOTHOUSE_LANG'] || localeOf(process.env));
}

export async function orRefuse(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    const refusal = refusalOf(error, systemLanguage());
    process.stderr.write(refusal.text);
    process.exitCode = refusal.exitCode;
  }
}

import { type Config, readConfig } from './config.ts';
import { helpText } from './help-text.ts';
import { systemSources } from './system-config.ts';
import { systemLanguage } from './system-language.ts';

/** One Ctrl-C may reach the process several times: from the terminal, from npm, from a wrapper. */
const SAME_WISH_MS = 2_000;

const END_SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'];

/** Resolves when a person or the system asks the process to end. Asked once more, it ends as it is. */
export function endAsked(signals = END_SIGNALS): Promise<void> {
  return new Promise((resolve) => {
    let askedAt: number | null = null;
    const ask = (): void => {
      if (askedAt !== null && performance.now() - askedAt > SAME_WISH_MS) process.exit(130);
      askedAt ??= performance.now();
      resolve();
    };
    for (const signal of signals) process.on(signal, ask);
  });
}

/** The frame of both programs: help, configuration, refusals in one line, the exit code. */
export async function runMain(run: (config: Config) => Promise<void>): Promise<void> {
  const sources = systemSources();
  if (sources.args.some((argument) => argument === '--help' || argument === '-h')) {
    process.stdout.write(helpText(systemLanguage()));
    return;
  }
  let language = systemLanguage();
  await orRefuse(
    () => {
      const config = readConfig(sources);
      language = config.language;
      return run(config);
    },
    () => language,
  );
}

export async function orRefuse(run: () => Promise<void>, languageNow = systemLanguage): Promise<void> {
  try {
    await run();
  } catch (error) {
    // Its tables are all rooms', which most programs here do not need to run.
    const { refusalOf } = await import('./report-refusal.ts');
    const refusal = refusalOf(error, languageNow());
    process.stderr.write(refusal.text);
    process.exitCode = refusal.exitCode;
  }
}

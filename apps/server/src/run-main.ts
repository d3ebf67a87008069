import { languageOf } from '@pilothouse/contract';
import { type Config, readConfig } from './config.ts';
import { helpText } from './help-text.ts';
import { refusalOf } from './report-refusal.ts';
import { systemSources } from './system-config.ts';

/** Resolves when a person or the system asks the process to end. A second Ctrl-C ends it at once. */
export function endAsked(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
  });
}

/** The frame of both programs: help, configuration, refusals in one line, the exit code. */
export async function runMain(run: (config: Config) => Promise<void>): Promise<void> {
  const sources = systemSources();
  const { PILOTHOUSE_LANG, LC_ALL, LC_MESSAGES, LANG } = process.env;
  const language = languageOf(PILOTHOUSE_LANG || LC_ALL || LC_MESSAGES || LANG);
  if (sources.args.some((argument) => argument === '--help' || argument === '-h')) {
    process.stdout.write(helpText(language));
    return;
  }
  try {
    await run(readConfig(sources));
  } catch (error) {
    const refusal = refusalOf(error, language);
    process.stderr.write(refusal.text);
    process.exitCode = refusal.exitCode;
  }
}

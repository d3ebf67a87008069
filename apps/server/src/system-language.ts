import { LANGUAGES, type Language, languageOf, localeOf } from '@pilothouse/contract';

/** Before the configuration is read, and when it cannot be: it is what a refusal of the configuration is written in. */
export const systemLanguage = (): Language => languageAsked(process.argv.slice(2), process.env);

export function languageAsked(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Language {
  const at = args.findIndex((argument) => argument === '--lang' || argument.startsWith('--lang='));
  const flag = args[at]?.split('=')[1] ?? args[at + 1];
  const named = LANGUAGES.find((language) => at !== -1 && language === flag);
  return named ?? languageOf(environment['PILOTHOUSE_LANG'] || localeOf(environment));
}

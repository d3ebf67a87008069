import { type Language, languageOf, localeOf } from '@pilothouse/contract';

/** Before the configuration is read, and when it cannot be. */
export function systemLanguage(): Language {
  return languageOf(process.env['PILOTHOUSE_LANG'] || localeOf(process.env));
}

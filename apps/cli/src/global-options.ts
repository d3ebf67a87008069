import { choice, flag, text } from '@pilothouse/cli-kit';
import { LANGUAGES, type Language, languageOf, localeOf } from '@pilothouse/contract';

/** Options that every command takes. */
export const globalOptions = {
  json: flag({
    about: { en: 'Print what the API answers as JSON', zh: '以 JSON 输出 API 的应答' },
  }),
  server: text({
    placeholder: 'URL',
    about: { en: 'The server to talk to (PILOTHOUSE_SERVER)', zh: '要连接的服务器（PILOTHOUSE_SERVER）' },
  }),
  token: text({
    placeholder: 'TOKEN',
    about: {
      en: 'API token (better: PILOTHOUSE_TOKEN, which ps does not show)',
      zh: 'API 令牌（建议用 PILOTHOUSE_TOKEN，不会出现在 ps 中）',
    },
  }),
  lang: choice(LANGUAGES, {
    placeholder: 'LANG',
    about: {
      en: 'Language: en or zh (PILOTHOUSE_LANG, else the locale)',
      zh: '语言：en 或 zh（PILOTHOUSE_LANG，否则取自 locale）',
    },
  }),
  noColor: flag({ about: { en: 'No colours (NO_COLOR)', zh: '不使用颜色（NO_COLOR）' } }),
};

/**
 * The language must be known before the line is read, because help and complaints about the line are in it: so `--lang` is
 * looked for by hand, first match, then PILOTHOUSE_LANG, then the locale in its usual order.
 */
export function chooseLanguage(
  line: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Language {
  const ended = line.indexOf('--');
  const words = ended === -1 ? line : line.slice(0, ended);
  const at = words.indexOf('--lang');
  const given = at === -1 ? words.find((word) => word.startsWith('--lang='))?.slice(7) : words[at + 1];
  if (given === 'en' || given === 'zh') return given;
  return languageOf(environment['PILOTHOUSE_LANG'] || localeOf(environment));
}

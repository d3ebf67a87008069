/**
 * Text that a person reads. Both languages stand side by side, so a missing translation is a type error; a test checks
 * that both name the same `{placeholders}`. Stored things (findings, events, audit) keep code and parameters, never text.
 */
export interface Message {
  readonly en: string;
  readonly zh: string;
}

export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];
export type MessageParameters = Readonly<Record<string, unknown>>;

/** The first language of a locale or Accept-Language list that we speak: `zh-CN,en;q=0.5` → `zh`. English otherwise. */
export function languageOf(preference: string | undefined): Language {
  for (const part of (preference ?? '').split(/[,:]/)) {
    const tag = part.trim().toLowerCase();
    if (tag.startsWith('zh')) return 'zh';
    if (tag.startsWith('en')) return 'en';
  }
  return 'en';
}

/** What the environment of a process says of language, in the order that C libraries look. */
export const localeOf = (environment: Readonly<Record<string, string | undefined>>): string | undefined =>
  environment['LC_ALL'] || environment['LC_MESSAGES'] || environment['LANG'];

/**
 * Fills `{name}` from the parameters; an absent one stays visible as `{name}` rather than vanish. `{hosts:host|hosts}` is the
 * first word when the parameter is 1 and the second otherwise, which English needs and Chinese does not.
 */
export function renderMessage(
  message: Message,
  language: Language,
  parameters: MessageParameters = {},
): string {
  const pattern = /\{(\w+)(?::([^{}|]*)\|([^{}|]*))?\}/g;
  return message[language].replace(pattern, (whole, name: string, one?: string, many?: string) => {
    const value = parameters[name];
    if (one !== undefined && many !== undefined) return value === 1 ? one : many;
    if (value === undefined) return whole;
    return typeof value === 'string' ? value : JSON.stringify(value);
  });
}

/** A catalogue: the identity function, there so that every text of a package is found by searching for it. */
export const defineMessages = <T extends Record<string, Message>>(messages: T): T => messages;

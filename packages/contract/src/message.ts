/**
 * Text that a person reads. Both languages stand side by side, so a missing translation is a type error; a test checks
 * that both name the same `{placeholders}`. Stored things (findings, events, audit) keep code and parameters, never text.
 */
export type Message = {
  readonly en: string;
  readonly zh: string;
};

export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];
/** Texts lie in a parameter, or in the items of a list of it; what is deeper is data. */
const TEXT_DEPTH_MAX = 2;
export type MessageParameters = Readonly<Record<string, unknown>>;

/** Whether a parameter is itself a text in both languages, which is then rendered in the reader's. */
export function isMessage(value: unknown): value is Message {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== LANGUAGES.length)
    return false;
  return 'en' in value && typeof value.en === 'string' && 'zh' in value && typeof value.zh === 'string';
}

/** Several texts as one, in each language. */
export const joinMessages = (messages: readonly Message[], separator: Message): Message => ({
  en: messages.map(({ en }) => en).join(separator.en),
  zh: messages.map(({ zh }) => zh).join(separator.zh),
});

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

/** Kinds of things travel by their English name, as `what`. */
const NOUNS_ZH: ReadonlyMap<unknown, string> = new Map([
  ['API token', 'API 令牌'],
  ['approval rules', '审批规则'],
  ['budget', '预算'],
  ['channel', '通知渠道'],
  ['delivery', '消息'],
  ['finding', '问题'],
  ['freeze', '冻结期'],
  ['group', '分组'],
  ['host', '主机'],
  ['lease', '租约'],
  ['mandate', '授权书'],
  ['plan', '计划'],
  ['role', '角色'],
  ['rollout', '发布'],
  ['route', '接口'],
  ['schedule', '计划任务'],
  ['script', '脚本'],
  ['script version', '脚本版本'],
  ['service', '服务'],
  ['stop', '紧急停止'],
  ['task', '任务'],
  ['token', '令牌'],
  ['user', '用户'],
  ['window', '窗口'],
]);

const nounIn = (language: Language, name: unknown): unknown =>
  language === 'en' ? name : (NOUNS_ZH.get(name) ?? name);

/**
 * Fills `{name}` from the parameters; an absent one stays visible as `{name}` rather than vanish. `{hosts:host|hosts}` is the
 * first word when the parameter is 1 and the second otherwise, which English needs and Chinese does not. `{ name}` has a space
 * before it, and is nothing at all where the parameter is empty.
 */
export function renderMessage(
  message: Message,
  language: Language,
  parameters: MessageParameters = {},
): string {
  const pattern = /\{( ?)(\w+)(?::([^{}|]*)\|([^{}|]*))?\}/g;
  const fill = (whole: string, space: string, name: string, ...[one, many]: (string | undefined)[]) => {
    const value = name === 'what' ? nounIn(language, parameters[name]) : parameters[name];
    if (one !== undefined && many !== undefined) return value === 1 ? one : many;
    if (value === undefined) return whole;
    const text = printed(value, language);
    return text === '' ? '' : space + text;
  };
  return message[language].replace(pattern, fill);
}

/** Lists of ids and names are read by people as well; what is deeper is data. */
function printed(value: unknown, language: Language, isItem = false): string {
  if (isMessage(value)) return value[language];
  if (Array.isArray(value) && !isItem)
    return value.map((item: unknown) => printed(item, language, true)).join(language === 'zh' ? '、' : ', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The same parameters with every text in one language, for a reader who gets them beside the rendered message. */
export function renderParameters(parameters: MessageParameters, language: Language): Record<string, unknown> {
  const rendered = (value: unknown, depth: number): unknown => {
    if (isMessage(value)) return value[language];
    if (depth === 0 || typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item: unknown) => rendered(item, depth - 1));
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, rendered(each, depth - 1)]));
  };
  return Object.fromEntries(
    Object.entries(parameters).map(([key, value]) => [key, rendered(value, TEXT_DEPTH_MAX)]),
  );
}

/** A catalogue: the identity function, there so that every text of a package is found by searching for it. */
export const defineMessages = <T extends Record<string, Message>>(messages: T): T => messages;

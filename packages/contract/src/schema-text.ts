/**
 * What a schema says of a value that does not fit, in both languages.
 *
 * Problem: the validation library knows one language at a time and renders when it parses; who will read it, and in which
 * language, is known only where the answer is written. Our own rules have one place for one text.
 *
 * Rule: `ruleText` puts both languages of an own rule into that place, with a mark between; `schemaProblems` reads a refused
 * value once more in the other language and gives each issue as a message. A message among an error's details is rendered
 * with it. Nothing else may look at an issue's text.
 */
import * as z from 'zod';
import zhCN from 'zod/v4/locales/zh-CN.js';
import type { Language, Message } from './message.ts';

/** Between the two languages of a rule; whoever shows it unsplit shows both. */
const MARK = ' \u2016 ';

/** The text of a rule of ours: `.regex(pattern, ruleText({ en: 'must be …', zh: '必须…' }))`. */
export const ruleText = ({ en, zh }: Message): string => `${en}${MARK}${zh}`;

/** More mistakes than these in one text help nobody. */
const PLACED_MAX = 3;

export interface SchemaProblem {
  readonly path: readonly PropertyKey[];
  readonly problem: Message;
}

/** In the order of the issues. `error` is what the schema said of `value` in its own language. */
export function schemaProblems(schema: z.ZodType, value: unknown, error: z.ZodError): SchemaProblem[] {
  const again = schema.safeParse(value, { error: zhCN().localeError }).error?.issues ?? [];
  return error.issues.map((issue, index) => {
    const { path, message } = issue;
    const name = path.at(-1);
    if (name !== undefined && LACKS.includes(issue.code) && valueAt(value, path) === undefined)
      return { path, problem: { en: `${String(name)} is missing`, zh: `缺少 ${String(name)}` } };
    const [en = message] = message.split(MARK);
    const zh = again[index]?.message ?? message;
    return { path, problem: { en, zh: zh.split(MARK).at(-1) ?? zh } };
  });
}

/** Issues that the library words as a wrong type where there is nothing at all. */
const LACKS: readonly string[] = ['invalid_type', 'invalid_value', 'invalid_union'];

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key)
        ? Reflect.get(inner, key)
        : undefined,
    value,
  );
}

/** All issues in one text, each with its place: for values that nobody typed into a form. */
export function placedProblem(schema: z.ZodType, value: unknown, error: z.ZodError): Message {
  const all = schemaProblems(schema, value, error).slice(0, PLACED_MAX);
  const textIn = (language: Language): string =>
    all.map(({ path, problem }) => [path.join('.'), problem[language]].filter(Boolean).join(': ')).join('; ');
  return { en: textIn('en'), zh: textIn('zh') };
}

/** Of the first issue, for errors that name one. */
export function schemaProblem(schema: z.ZodType, value: unknown, error: z.ZodError): SchemaProblem {
  const [first] = schemaProblems(schema, value, error);
  return first ?? { path: [], problem: { en: 'not valid', zh: '无效' } };
}

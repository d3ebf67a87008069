import { nearestName } from '@pilothouse/base';
import { AppError, type Message } from '@pilothouse/contract';
import { z } from 'zod';
import { problemOfKind } from './selector-problems.ts';

const EXCERPT_CHARS = 30;

/** What the library throws for a text that does not parse or type-check. */
const CelError = z.object({
  code: z.string().optional(),
  summary: z.string().optional(),
  message: z.string(),
  range: z.object({ start: z.number(), end: z.number() }).optional(),
});

/** Turns the library's error into ours, with the column and, for a name that is not known, the nearest that is. */
export function selectorInvalid(text: string, cause: unknown, names: readonly string[]): AppError {
  const parsed = CelError.safeParse(cause);
  const range = parsed.success ? parsed.data.range : undefined;
  const start = Math.min(range?.start ?? 0, text.length);
  const problem = parsed.success ? problemOf(parsed.data) : UNREADABLE;
  return new AppError(
    'SELECTOR_INVALID',
    {
      problem,
      column: start + 1,
      excerpt: text.slice(Math.max(0, start - 5), start + EXCERPT_CHARS),
      suggestion: suggestionFor(text, start, range?.end ?? start, names),
    },
    { cause },
  );
}

const UNREADABLE: Message = { en: 'it cannot be read', zh: '无法读取' };

const problemOf = ({ code, summary, message }: z.infer<typeof CelError>): Message =>
  problemOfKind(code, summary ?? firstLine(message));

/** "os.versionId?" for "os.versionid": compares the whole dotted path that ends at the error. */
function suggestionFor(text: string, start: number, end: number, names: readonly string[]): string {
  if (text[start] === '=' && text[start + 1] !== '=') return '==?';
  const before = /[A-Za-z_][\w.]*$/.exec(text.slice(0, start))?.[0] ?? '';
  const path = `${before}${text.slice(start, end)}`;
  if (!/^[A-Za-z_][\w.]*$/.test(path)) return '';
  const last = path.split('.').at(-1) ?? path;
  const near = nearestName(path, names, slipsMax(path)) ?? nearestName(last, names, slipsMax(last));
  return near === null || near === path ? '' : `${near}?`;
}

const slipsMax = (name: string): number => (name.length <= 3 ? 1 : Math.max(2, Math.floor(name.length / 3)));

const firstLine = (text: string): string => text.split('\n')[0] ?? text;

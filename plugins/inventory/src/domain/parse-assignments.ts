import { linesOf, type Parsed } from './parsed.ts';

/**
 * `KEY=value` files: os-release, locale.conf, /etc/selinux/config, /etc/default/*. Quotes of either kind are taken off, and
 * backslashes inside double quotes as os-release(5) says. The last assignment of a key wins, as in a shell.
 */
export function parseAssignments(text: string): Parsed<ReadonlyMap<string, string>> {
  const value = new Map<string, string>();
  let unknownLines = 0;
  for (const raw of linesOf(text)) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const match = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line);
    if (match?.[1] === undefined) unknownLines += 1;
    else value.set(match[1], unquote(match[2] ?? ''));
  }
  return { value, unknownLines };
}

function unquote(text: string): string {
  const quote = text.charAt(0);
  if ((quote !== '"' && quote !== "'") || text.length < 2 || !text.endsWith(quote)) return text;
  const inner = text.slice(1, -1);
  return quote === '"' ? inner.replace(/\\(["$`\\])/g, '$1') : inner;
}

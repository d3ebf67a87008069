/**
 * Texts that a fuzz test of the API sends where they mean something: ids, digests, etags and cursors that answers have told, and
 * samples of the languages that fields are written in, good ones and bombs. Which of them fit is the schema's to say.
 */

/** Of one kind; the newest take the place of the oldest, so that things that are gone are not asked for ever. */
const KEPT_MAX = 40;

export interface KnownTexts {
  /** Remembers what names things in an answer. */
  learn(answer: unknown): void;
  /** The n-th text of the kind that the example is of, or the example. */
  like(example: string, n: number): string;
  forField(name: string): readonly string[];
}

export function createKnownTexts(actions: readonly string[]): KnownTexts {
  const kinds = new Map<string, string[]>();
  const keep = (kind: string, text: string): void => {
    const kept = kinds.get(kind) ?? [];
    kinds.set(kind, kept);
    if (kept.includes(text)) return;
    kept.push(text);
    if (kept.length > KEPT_MAX) kept.shift();
  };
  const learn = (value: unknown, name = ''): void => {
    if (typeof value === 'string') {
      const kind = kindOf(value) ?? NAMED[name];
      if (kind !== undefined) keep(kind, value);
    } else if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value)) learn(inner, Array.isArray(value) ? name : key);
  };
  return {
    learn,
    like(example, n) {
      const kept = kinds.get(kindOf(example) ?? '') ?? [];
      return kept[n % kept.length] ?? example;
    },
    forField: (name) => [
      ...(name === 'action' ? actions : []),
      ...(MEANT.find(([names]) => names.includes(name))?.[1] ?? []),
      ...(kinds.get(name) ?? []),
      ...(kinds.get('digest') ?? []),
      ...[...kinds].flatMap(([kind, kept]) => (kind.endsWith('_') ? kept : [])),
    ],
  };
}

const NAMED: Readonly<Record<string, string>> = { nextCursor: 'cursor', etag: 'etag' };

/** `r_` for ids of rollouts and their tasks, `digest` for digests. */
function kindOf(text: string): string | undefined {
  if (/^[0-9a-f]{64}$/.test(text)) return 'digest';
  return /^([a-z]{1,3}_)[0-9a-hjkmnp-tv-z]{18}(?:\.\d+)?$/.exec(text)?.[1];
}

const SELECTORS = [
  'true',
  'label.site == "bj1"',
  'name.matches("^(a|a)*$") || label.role in ["web", "db"]',
  'facts.packages.packages.all(x, facts.packages.packages.all(y, x == y))',
  'packages.packages.exists(p, p.name == "openssl" && version(p.version) < version("3.0"))',
  'os.id == "debian" && memory.totalBytes > 1.0e308 * 10.0',
  `${'!('.repeat(300)}true${')'.repeat(300)}`,
  `name in [${'"a", '.repeat(500)}"b"]`,
  'label["__proto__"] == constructor',
  '"\\u0000" + name == "\\ud800"',
  '1 / 0 == 1 || 9223372036854775807 + 1 > 0',
];
const forged = (held: string): string => Buffer.from(held).toString('base64url');

/** By the names of fields. */
const MEANT: readonly (readonly [names: readonly string[], texts: readonly string[]])[] = [
  [['selector', 'hosts', 'q', 'expression', 'where'], SELECTORS],
  [
    ['rrule'],
    [
      'FREQ=WEEKLY;BYDAY=SA',
      'FREQ=HOURLY;INTERVAL=999999999',
      'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30',
      'FREQ=MONTHLY;BYDAY=5MO;BYSETPOS=-366',
      `FREQ=DAILY;BYHOUR=${Array.from({ length: 24 }, (_, n) => n).join(',')};BYMINUTE=0,0,0`,
      'FREQ=DAILY;UNTIL=00010101T000000Z',
      'FREQ=DAILY;COUNT=2147483648',
    ],
  ],
  [['timeZone'], ['Asia/Shanghai', 'America/Sao_Paulo', 'Antarctica/Troll', 'UTC', '+23:59', '__proto__']],
  [['start'], ['2026-01-01T02:30:00', '0000-00-00T00:00:00', '9999-12-31T23:59:59', '2026-02-30T25:61:61']],
  // Nothing listens there, and nothing leaves the machine.
  [['url'], ['http://127.0.0.1:1/', 'https://[::1]:1/?a=b#c', 'http://u:p@localhost:1/%00']],
  [['host'], ['127.0.0.1', 'localhost']],
  [
    ['query'],
    ['up', 'sum(rate(a[5m])) by (b)', `${'('.repeat(500)}1`, 'count_values("x", {__name__=~".+"})'],
  ],
  [['path'], ['/etc/motd', '/etc/../etc/motd', '/etc/\u202e/x', 'bj1/web']],
  [
    ['content', 'text'],
    ['{{ host.name }} {{ a }}', '{{'.repeat(2_000), '{{ __proto__ }}{{constructor}}'],
  ],
  [
    ['cursor'],
    [
      ...['', '0', '-1', '999999999999999', '[]', '["a","b"]', '{"__proto__":1}', `5 ${'0'.repeat(64)}`].map(
        forged,
      ),
      ...['9 \0', `0/${'f'.repeat(64)}/\0`, '0 __proto__', '\u{10ffff}', "' OR 1=1 --"].map(forged),
      '====',
    ],
  ],
  [
    ['at', 'from', 'to', 'until', 'asOf', 'after', 'before', 'expiresAt', 'notBefore'],
    [
      '2026-11-22T00:00:00.000Z',
      '9999-12-31T23:59:59.999Z',
      '0000-01-01T00:00:00.000Z',
      '1970-01-01T00:00:00Z',
    ],
  ],
];

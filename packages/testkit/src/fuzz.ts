/**
 * What a hostile peer sends, for property tests of edges: texts, numbers and structures that break parsers, a good value with
 * something wrong in it, and bytes that are nearly JSON. Short within the test suite; `npm run fuzz -- --minutes 10` runs the
 * same properties for long, and `--seed` repeats a run.
 */
import fc from 'fast-check';

/** One property in the suite never takes longer, whatever the machine does besides. */
const SUITE_MS_MAX = 8_000;

export interface FuzzSettings {
  /** Cases within the test suite. */
  readonly runs: number;
}

/** Parameters for `fc.assert`, with the seed told to the reader of the test. */
export function fuzzParameters(test: { diagnostic(message: string): void }, { runs }: FuzzSettings) {
  const seed = Number(process.env['PILOTHOUSE_TEST_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  const minutes = Number(process.env['PILOTHOUSE_TEST_FUZZ_MINUTES'] ?? 0);
  test.diagnostic(`seed ${seed}; again: npm run fuzz -- --seed ${seed}`);
  return {
    seed,
    numRuns: minutes > 0 ? Number.MAX_SAFE_INTEGER : runs,
    interruptAfterTimeLimit: minutes > 0 ? minutes * 60_000 : SUITE_MS_MAX,
    markInterruptAsFailure: false,
    // The counterexample is found again by its seed; shrinking one that takes a second each would take an hour.
    endOnFailure: true,
  };
}

const PROTOTYPE_NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'then',
  'toJSON',
];

export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom(
    ...PROTOTYPE_NAMES,
    '',
    ' ',
    '\0',
    '\ud800',
    '\r\nSet-Cookie: a=b',
    '../../../../etc/passwd',
    '..%2f..%2fetc%2fpasswd',
    "' OR 1=1 --",
    '${jndi:ldap://x}',
    '{{7*7}}',
    '%s%n',
    '\u202e\u0000\ufeff',
    'NaN',
    '-0',
    '9'.repeat(400),
    '1e999',
    'a'.repeat(5_000),
    `${'a'.repeat(40)}!`,
    ' '.repeat(2_000),
    '2026-13-45T99:99:99Z',
    '9999-12-31T23:59:59.999Z',
    'P9999999Y',
    'FREQ=SECONDLY;INTERVAL=0',
    'true',
    'packages.packages.all(x, packages.packages.all(y, true))',
  ),
);

const hostileNumber: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(-1, 0, -0, 0.1, 2 ** 31, 2 ** 53, 2 ** 53 + 2, -(2 ** 53), 1e300, -1e300, 5e-324),
  fc.double(),
);

/** Any JSON, with names that mean something to the language. */
export const hostileJson: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: false },
    fc.constantFrom(null, true, false),
    hostileText,
    hostileNumber,
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.oneof(hostileText, fc.constantFrom(...PROTOTYPE_NAMES)), tie('value')), {
        maxLength: 4,
      })
      // Own properties, `__proto__` too, as JSON.parse makes them.
      .map((entries) => Object.fromEntries(entries)),
    fc.constantFrom(10, 300, 3_000).map((depth) => nest(depth)),
    fc.constant(Array.from({ length: 2_000 }, () => 'x')),
  ),
})).value;

function nest(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** A good value with something hostile at one place: the rest takes it past the first check. */
export const spoiled = (good: unknown): fc.Arbitrary<unknown> =>
  fc
    .tuple(
      fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 4 }),
      hostileJson,
      fc.constantFrom('put', 'add', 'drop'),
    )
    .map(([path, hostile, how]) => spoil(good, path, { hostile, how }));

interface Spoiling {
  readonly hostile: unknown;
  readonly how: 'put' | 'add' | 'drop';
}

function spoil(value: unknown, path: readonly number[], spoiling: Spoiling): unknown {
  const [at = 0, ...rest] = path;
  if (typeof value !== 'object' || value === null) return spoiling.hostile;
  const entries = Object.entries(value);
  if (entries.length === 0) return spoiling.hostile;
  const index = at % entries.length;
  const [name, inner] = entries[index] ?? ['', null];
  const isHere = rest.length === 0 || typeof inner !== 'object' || inner === null;
  const changed: (readonly [string, unknown])[] = entries.flatMap((entry, n) => {
    if (n !== index) return [entry];
    if (!isHere) return [[name, spoil(inner, rest, spoiling)] as const];
    if (spoiling.how === 'drop') return [];
    return [[name, spoiling.hostile] as const];
  });
  if (isHere && spoiling.how === 'add')
    changed.push(['__proto__', spoiling.hostile], entries[index] ?? ['x', 0]);
  return Array.isArray(value) ? changed.map(([, item]) => item) : Object.fromEntries(changed);
}

/** Bytes that are nearly the JSON of a value: cut, doubled keys, deep, not UTF-8, numbers without end. */
export const spoiledBytes = (good: unknown): fc.Arbitrary<Buffer> => {
  const text = JSON.stringify(good ?? {});
  const cut = fc.nat({ max: text.length }).map((length) => Buffer.from(text.slice(0, length)));
  const flipped = fc
    .tuple(fc.nat({ max: Math.max(0, Buffer.byteLength(text) - 1) }), fc.nat({ max: 255 }))
    .map(([at, byte]) => {
      const bytes = Buffer.from(text);
      bytes[at] = byte;
      return bytes;
    });
  const doubled = Buffer.from(
    text.replace(/^\{(?=")/, `{"__proto__":{"isAdmin":true},${text.slice(1, -1)},`),
  );
  const whole = fc.constantFrom(
    doubled,
    Buffer.from('['.repeat(100_000)),
    Buffer.from('{"a":'.repeat(50_000)),
    Buffer.from(`${'['.repeat(5_000)}${']'.repeat(5_000)}`),
    Buffer.from('9'.repeat(200_000)),
    Buffer.from('1e99999'),
    Buffer.from(`"${'\\u0000'.repeat(10_000)}"`),
    Buffer.from([0xff, 0xfe, 0x00, 0x7b, 0x7d]),
    Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc0, 0xaf, 0xed, 0xa0, 0x80]), Buffer.from('"}')]),
    Buffer.from('\ufeff{}'),
    Buffer.from('null'),
    Buffer.alloc(0),
  );
  return fc.oneof(
    cut,
    flipped,
    whole,
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  );
};

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, MINUTE_MS } from '@pilothouse/base';
import { AppError, defineFact, isAppError, isMessage } from '@pilothouse/contract';
import fc from 'fast-check';
import { z } from 'zod';
import type { HostEntry } from '../hosts/service.ts';
import { createSelect } from './create-select.ts';
import { and, choose, not, or } from './kleene.ts';
import type { Verdict } from './service.ts';

const factOf = (name: string, body: z.ZodType) =>
  defineFact({
    name,
    title: { en: name, zh: name },
    body,
    isShared: true,
    sizeBytesMax: bytes.mib(1),
    intervalMs: MINUTE_MS,
  });
const factSpecs = [
  factOf('os', z.object({ id: z.string(), versionId: z.string() })),
  factOf('hardware', z.object({ cpu: z.object({ cores: z.number() }) })),
  factOf(
    'packages',
    z.object({ system: z.string(), packages: z.array(z.object({ name: z.string(), version: z.string() })) }),
  ),
  factOf('services', z.object({ units: z.array(z.object({ name: z.string() })) })),
  factOf('storage-usage', z.object({ isFull: z.boolean() })),
];
const bodies = new Map<string, unknown>([
  ['os-1', { id: 'openEuler', versionId: '24.03' }],
  ['hw-1', { cpu: { cores: 8 } }],
  ['pkg-rpm', { system: 'rpm', packages: [{ name: 'openssl', version: '1:3.0.9-1.oe2403' }] }],
  ['pkg-deb', { system: 'dpkg', packages: [{ name: 'openssl', version: '3.0.15-1~deb12u1' }] }],
  ['svc-1', { units: [{ name: 'nginx.service', state: 'failed', sub: 'failed', enabled: 'enabled' }] }],
  ['use-1', { isFull: true }],
]);
const NO_FACTS: Record<string, string> = {};

function hostOf(id: string, labels: Record<string, string>, facts = NO_FACTS): HostEntry {
  return {
    id,
    name: id,
    state: 'active',
    labels,
    groups: ['bj1/row2/web'],
    isOnline: true,
    presenceSince: 0,
    isInMaintenance: false,
    lastSeen: null,
    address: null,
    arch: 'x86_64',
    agentVersion: '0.1.0',
    bootId: null,
    vitals: null,
    facts: new Map(Object.entries(facts).map(([fact, digest]) => [fact, { digest, seenAt: 0 }])),
  } as HostEntry; // the registry's entry may gain fields that selectors do not read
}

const rpmHost = hostOf(
  'h_rpm',
  { role: 'web' },
  { os: 'os-1', hardware: 'hw-1', packages: 'pkg-rpm', services: 'svc-1', 'storage-usage': 'use-1' },
);
const debHost = hostOf('h_deb', { role: 'db', site: 'gz2' }, { packages: 'pkg-deb' });
const bare = hostOf('h_bare', {});
const index = new Map([rpmHost, debHost, bare].map((host) => [host.id, host]));
const select = createSelect({
  facts: { bodyNow: (digest) => bodies.get(digest) ?? null, warm: () => Promise.resolve() },
  hosts: { index },
  factSpecs,
});
const verdict = (text: string, host: HostEntry): Verdict => select.compile(text).evaluate(host);

test('labels, registry fields and facts decide', () => {
  for (const text of [
    'label.role == "web" && os.id == "openEuler"',
    'label["role"] in ["web", "db"]',
    'hardware.cpu.cores >= 8',
    'inGroup("bj1") && "bj1/row2/web" in groups && !inGroup("bj")',
    'presence == "online" && !maintenance && agent.version == "0.1.0"',
    'service("nginx").state == "failed"',
    'storageUsage.isFull',
    'name.matches("^h_r.m$")',
    'has(label.role) && !has(label.site)',
    'label.site == "x" ? false : true',
  ]) {
    assert.equal(verdict(text, rpmHost), 'true', text);
  }
});

test('versions compare in the order of the host they stand on', () => {
  assert.equal(verdict('pkg("openssl").version < "1:3.0.12"', rpmHost), 'true');
  assert.equal(verdict('pkg("openssl").version < "3.0.15-1"', debHost), 'true');
  assert.equal(verdict('pkg("nginx").installed', debHost), 'false');
  assert.equal(verdict('pkg("nginx").version < "9"', debHost), 'false');
});

test('an absent label equals nothing that was written', () => {
  assert.equal(verdict('label.site == "bj1"', bare), 'false');
  assert.equal(verdict('label.site != "bj1"', bare), 'true');
});

test('what is not known of a host stays unknown through every operator', () => {
  for (const text of [
    'os.id == "x"',
    '!(os.id == "x")',
    'os.id == "x" && true',
    'os.id == "x" || false',
    'os.id in ["x"]',
    'pkg("a").installed',
  ]) {
    assert.equal(verdict(text, bare), 'unknown', text);
  }
  assert.equal(verdict('os.id == "x" && label.role == "web"', bare), 'false');
  assert.equal(verdict('os.id == "x" || name == "h_bare"', bare), 'true');
  assert.equal(verdict('1 / 0 == 1', bare), 'unknown');
});

test('counts matched and undetermined hosts', async () => {
  const { matched, undetermined } = await select.run('os.id == "openEuler"');

  assert.deepEqual(
    matched.map((host) => host.id),
    ['h_rpm'],
  );
  assert.deepEqual(
    undetermined.map((host) => host.id),
    ['h_deb', 'h_bare'],
  );
});

test('explains each condition with what it saw', () => {
  const explained = select.compile('label.role == "web" && os.id == "debian"').explain(rpmHost);

  assert.equal(explained.verdict, 'false');
  assert.deepEqual(
    explained.conditions.map((condition) => condition.verdict),
    ['true', 'false'],
  );
  assert.match(explained.conditions[0]?.saw ?? '', /role=web/);
});

test('a slip of the fingers is answered with its column and the nearest name', () => {
  const cases = [
    ['os.versionID == "24.03"', 4, 'os.versionId?'],
    ['lable.role == "web"', 1, 'label?'],
    ['label.role == "web" &&', 23, ''],
    ['label.role', 1, ''],
    ['hardware.cpu.cors > 1', 14, 'hardware.cpu.cores?'],
    ['label.role = "web"', 12, '==?'],
  ] as const;
  for (const [text, column, suggestion] of cases) {
    assert.throws(
      () => select.compile(text),
      (error) =>
        isAppError(error) &&
        error.code === 'SELECTOR_INVALID' &&
        error.details['column'] === column &&
        error.details['suggestion'] === suggestion,
      text,
    );
  }
});

test('what is wrong with a selector is said in both languages', () => {
  const cases = [
    ['os.versionID == "1"', 'No such key: versionID', '没有该字段：versionID'],
    ['lable == "web"', 'Unknown variable: lable', '未知名称：lable'],
    ['"web', 'Unterminated string', '字符串没有结束引号'],
    ['(true', 'Expected RPAREN, got EOF', '缺少应有的符号（Expected RPAREN, got EOF）'],
    ['true ? 1 : "x"', undefined, undefined],
    ['x'.repeat(100_000), undefined, undefined],
  ] as const;
  for (const [text, en, zh] of cases) {
    const error = refusalOf(text);
    const { problem } = error.details;
    assert.ok(isMessage(problem), text);
    assert.match(problem.zh, /\p{Script=Han}/u, text);
    if (en !== undefined) assert.deepEqual(problem, { en, zh });
  }
});

function refusalOf(text: string): AppError {
  try {
    select.compile(text);
  } catch (error) {
    if (isAppError(error)) return error;
    throw error;
  }
  throw new Error(`${text} was taken`);
}

test('a scope may not rest on what hosts say of themselves', () => {
  assert.equal(select.compileScope('label.role == "web" || inGroup("bj1")').evaluate(rpmHost), 'true');
  assert.equal(select.compileScope('true').evaluate(bare), 'true');
  for (const text of [
    'os.id == "openEuler"',
    'pkg("a").installed',
    'label.a == "b" && arch == "x86_64"',
    'presence == "online"',
  ]) {
    assert.throws(
      () => select.compileScope(text),
      { code: 'SELECTOR_NOT_A_SCOPE' } satisfies Partial<AppError>,
      text,
    );
  }
});

test('a pattern that makes backtracking engines hang is answered at once', () => {
  const host = hostOf('h_evil', { evil: `${'a'.repeat(5000)}!` });

  assert.equal(verdict('label.evil.matches("^(a+)+$")', host), 'false');
});

test('characters of any plane may stand in a selector', () => {
  const host = hostOf('h_faces', { mood: '😀', quote: 'a"b\\c\u0007' });

  assert.equal(verdict('label.mood == "😀"', host), 'true');
  assert.equal(verdict('label.mood.matches("^[😀😁]$")', host), 'true');
  assert.equal(verdict('label.quote == "a\\"b\\\\c\\u0007" && label.quote.matches("b.c")', host), 'true');
});

test('any text either compiles or is refused with a column inside it', () => {
  const words = fc.constantFrom(
    'label.a',
    'os.id',
    '==',
    '"x"',
    '&&',
    '||',
    '!',
    '(',
    ')',
    '?',
    ':',
    '1',
    '[',
    ']',
    'in',
    'pkg("a")',
    '.version',
    '<',
    'true',
    'has(',
    '{',
    '\\',
  );
  const texts = fc.oneof(
    fc.string(),
    fc.array(words, { maxLength: 12 }).map((parts) => parts.join(' ')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        select.compile(text).evaluate(rpmHost);
      } catch (error) {
        assert.ok(isAppError(error) && error.code === 'SELECTOR_INVALID', String(error));
        const column = Number(error.details['column']);
        assert.ok(column >= 1 && column <= text.length + 1);
      }
    }),
    { numRuns: 2000 },
  );
});

test("Kleene's laws hold", () => {
  const any = fc.constantFrom<Verdict>('true', 'false', 'unknown');
  fc.assert(
    fc.property(any, any, any, (a, b, c) => {
      assert.equal(not(and(a, b)), or(not(a), not(b)));
      assert.equal(and(a, or(b, c)), or(and(a, b), and(a, c)));
      assert.equal(and(a, b), and(b, a));
      assert.equal(not(not(a)), a);
      if (a !== 'unknown') assert.equal(choose(a, b, c), a === 'true' ? b : c);
    }),
  );
});

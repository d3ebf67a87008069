/** Plan files that people, programs and enemies write: a plan, or a refusal with its place; never a crash, never a hang. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '@pilothouse/contract';
import { fuzzParameters, hostileText, spoiled, spoiledBytes } from '@pilothouse/testkit/fuzz';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { planOfText } from './plan-file.ts';

/** Of the processor's time. */
const CASE_MS_MAX = 1_000;

const good = {
  title: 't',
  target: { selector: 'true', hosts: ['web-1'] },
  actions: [{ action: 'a.b', parameters: { text: 'x', list: [1, 2] } }],
  strategy: { waves: { kind: 'fixed', hostsPerWave: 2 }, failuresMax: 1 },
  notBefore: '2026-11-21T10:00:00.000Z',
};

/** What YAML has and JSON has not: anchors, tags, merge keys, flow and block in one another, tabs, several documents. */
const yamlPieces = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '&a ',
        '*a',
        '<<: *a',
        '!!js/function ',
        '!!binary ',
        '? ',
        ': ',
        '- ',
        '| \n',
        '>-\n',
        '---\n',
        '...\n',
        '\t',
        '\n  ',
        '{',
        '}',
        '[',
        ']',
        '"',
        "'",
        '#',
        '%YAML 1.1\n',
        'title: t\n',
        'target: { selector: "true" }\n',
        'actions: []\n',
        '__proto__: { isAdmin: true }\n',
        '0o17',
        '.inf',
        '10m',
      ),
      hostileText,
    ),
    { maxLength: 40 },
  )
  .map((pieces) => pieces.join(''));

const anyFile = fc.oneof(
  yamlPieces,
  spoiled(good).map((value) => JSON.stringify(value) ?? ''),
  // A library that refuses to print a value says nothing of one that reads files.
  spoiled(good).map((value) => {
    try {
      return stringify(value);
    } catch {
      return '';
    }
  }),
  spoiledBytes(good).map((bytes) => bytes.toString('utf8')),
  fc.string({ unit: 'binary', maxLength: 300 }),
);

test('any file is either a plan or refused with its place, within a second', async (t) => {
  await fc.assert(
    fc.asyncProperty(anyFile, async (text) => {
      const before = process.cpuUsage();
      const error = await planOfText(text, {
        path: 'plan.yaml',
        now: 0,
        resolveHost: async () => 'h_1',
      }).then(
        () => null,
        (reason: unknown) => reason,
      );
      const { user } = process.cpuUsage(before);

      assert.ok(user / 1_000 < CASE_MS_MAX, `${user / 1_000} ms for ${text.slice(0, 200)}`);
      assert.ok(error === null || error instanceof AppError, String(error));
      assert.equal(({} as Record<string, unknown>)['isAdmin'], undefined); // Nobody's own property.
    }),
    fuzzParameters(t, { runs: 150 }),
  );
});

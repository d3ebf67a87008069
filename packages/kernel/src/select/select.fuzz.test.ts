/** Selectors with patterns and expressions that are made to take long: a verdict or a refusal, within a second of work. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAppError } from '@pilothouse/contract';
import { fuzzParameters, hostileText } from '@pilothouse/testkit/fuzz';
import fc from 'fast-check';
import type { HostEntry } from '../hosts/service.ts';
import { createSelect } from './create-select.ts';

/** Of the processor's time, for one selector over one host. */
const CASE_MS_MAX = 1_000;

const host = {
  id: 'h_1',
  name: 'web-1',
  state: 'active',
  labels: { a: `${'a'.repeat(5_000)}!`, b: 'ab '.repeat(1_000) },
  groups: [],
  isOnline: true,
  facts: new Map(),
} as unknown as HostEntry; // What selectors read of one; the rest of a record is nothing to them.

const select = createSelect({
  facts: { bodyNow: () => null, warm: () => Promise.resolve() },
  hosts: { index: new Map([[host.id, host]]) },
  factSpecs: [],
});

const atoms = fc.constantFrom(
  'a',
  '.',
  '[a-z]',
  '\\w',
  '\\s',
  '(a|a)',
  '(a|ab)',
  '(?:)',
  '^',
  '$',
  '\\b',
  '(?i)a',
  '[^!]',
  'é',
);
const counts = fc.constantFrom(
  '*',
  '+',
  '?',
  '*?',
  '+?',
  '{1,50}',
  '{50}',
  '{1000}',
  '{1,1000}',
  '{0,2147483647}',
  '**',
  '',
);
/** Quantifiers around quantifiers, alternatives that mean the same, what other engines have and this one has not. */
const pattern = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 5 },
    fc.tuple(atoms, counts).map((parts) => parts.join('')),
    fc.tuple(tie('pattern'), tie('pattern')).map((parts) => parts.join('')),
    fc.tuple(tie('pattern'), counts).map(([inner, count]) => `(${inner})${count}`),
    fc.tuple(tie('pattern'), tie('pattern')).map(([one, other]) => `(${one}|${other})`),
    fc.constantFrom('(?=a)', '(?<!a)', '(a)\\1', '(?P<n>a)', '\\p{L}', '[', '(', '\\', '(?', 'x{', '\\Q'),
    hostileText,
  ),
})).pattern;

const selector = fc
  .tuple(fc.constantFrom('label.a', 'label.b', 'name', 'os.id', '"aaaa"'), pattern, fc.nat({ max: 3 }))
  .map(([subject, text, times]) => {
    const one = `${subject}.matches(${JSON.stringify(text)})`;
    return Array.from({ length: times + 1 }, () => one).join(times % 2 === 0 ? ' || ' : ' && ');
  });

test('any pattern gives a verdict or is refused as a selector, within a second', (t) => {
  fc.assert(
    fc.property(
      fc.oneof({ arbitrary: selector, weight: 4 }, { arbitrary: hostileText, weight: 1 }),
      (text) => {
        const before = process.cpuUsage();
        try {
          select.compile(text).evaluate(host);
        } catch (error) {
          assert.ok(isAppError(error) && /^SELECTOR_/.test(error.code), String(error));
        }
        const { user } = process.cpuUsage(before);
        assert.ok(user / 1_000 < CASE_MS_MAX, `${user / 1_000} ms for ${text.slice(0, 300)}`);
      },
    ),
    fuzzParameters(t, { runs: 400 }),
  );
});

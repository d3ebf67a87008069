import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAppError } from '@pilothouse/contract';
import fc from 'fast-check';
import { createConditionCompiler, type GateValues } from './gate-environment.ts';

const counts = { succeeded: 9, failed: 1, unknown: 0, skipped: 0 };
const values: GateValues = { tasks: counts, wave: { ...counts, number: 1 }, fetched: new Map() };
const ones = `[${Array.from({ length: 100 }, () => '1').join(',')}]`;

test('a condition that would run for hours is given up at once', () => {
  const compile = createConditionCompiler();
  const nested = (depth: number): string =>
    `${Array.from({ length: depth }, (_, n) => `${ones}.all(v${n}, `).join('')}tasks.failed < 5${')'.repeat(depth)}`;
  const condition = compile('g', nested(4));
  const before = process.cpuUsage();

  assert.throws(() => condition.evaluate(values), /more work than a gate may/);

  const { user } = process.cpuUsage(before);
  assert.ok(user < 1_000_000, `${user / 1_000} ms`);
  assert.equal(compile('g', nested(1)).evaluate(values), true);
});

test('any text is a condition that can be judged, or is refused by name', () => {
  const compile = createConditionCompiler();
  const word = fc.constantFrom(
    'tasks.failed',
    'wave.number',
    '<',
    '&&',
    '(',
    ')',
    '1',
    '"a"',
    'prom("up")',
    '[1]',
    '.all(x,',
    '+',
    '__proto__',
    'matches',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(word, { maxLength: 20 }).map((words) => words.join(' ')),
  );
  fc.assert(
    fc.property(text, (expression) => {
      try {
        compile('g', expression);
      } catch (cause) {
        assert.ok(isAppError(cause) && cause.code === 'GATE_INVALID', String(cause));
      }
    }),
    { numRuns: 500 },
  );
});

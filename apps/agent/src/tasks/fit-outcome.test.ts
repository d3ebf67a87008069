import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TaskOutcome } from '@pilothouse/contract';
import fc from 'fast-check';
import { fitOutcome, OUTCOME_BYTES_MAX } from './fit-outcome.ts';

const at = '2026-01-01T00:00:00.000Z';
const text = (max: number) =>
  fc.string({ unit: fc.constantFrom('a', '你', '\u0001', '😀'), maxLength: max / 2 });
const result = fc.record({
  name: fc.constant('p'.repeat(40)),
  isPassing: fc.boolean(),
  tries: fc.nat(20),
  durationMs: fc.nat(),
  evidence: text(1000),
});
const action = fc.record({
  action: fc.constant('plugin.action'),
  kind: fc.constantFrom('succeeded' as const, 'failed' as const),
  exitCode: fc.constant(0),
  error: fc.option(fc.record({ code: fc.constant('CODE'), details: fc.record({ why: text(500) }) })),
  result: fc.option(fc.record({ what: text(3000) })),
});

test('an outcome always fits into the journal, and never loses how anything ended', () => {
  const parts = fc.record({
    actions: fc.array(action, { maxLength: 16 }),
    before: fc.array(result, { maxLength: 8 }),
    after: fc.array(result, { maxLength: 8 }),
    own: text(16_000),
  });
  fc.assert(
    fc.property(parts, ({ actions, before, after, own }) => {
      const outcome: TaskOutcome = {
        kind: 'failed',
        exitCode: 3,
        signal: null,
        startedAt: at,
        endedAt: at,
        output: null,
        error: { code: 'CODE', details: {} },
        result: { own },
        actions,
        probes: { before, after },
      };

      const fitting = fitOutcome(outcome);

      assert.ok(Buffer.byteLength(JSON.stringify(fitting)) <= OUTCOME_BYTES_MAX);
      assert.ok(TaskOutcome.safeParse(fitting).success);
      assert.deepEqual(
        fitting.actions?.map(({ kind, error }) => [kind, error?.code]),
        actions.map(({ kind, error }) => [kind, error?.code]),
      );
      assert.deepEqual(
        fitting.probes?.after.map(({ isPassing }) => isPassing),
        after.map(({ isPassing }) => isPassing),
      );
    }),
    { numRuns: 60 },
  );
});

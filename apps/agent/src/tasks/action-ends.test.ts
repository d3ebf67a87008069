import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActionEnd } from '@pilothouse/agent-kit';
import type { ActionOutcome, StepAction } from '@pilothouse/contract';
import fc from 'fast-check';
import { endOfOutcome, endOfStep, isDue, outcomeOfAction, passedOver } from './action-ends.ts';

const done = (changed: boolean): ActionOutcome =>
  outcomeOfAction('a.b', { kind: 'succeeded', exitCode: 0, result: { changed } });
const failed: ActionOutcome = outcomeOfAction('a.b', { kind: 'failed', error: { code: 'X', details: {} } });

test('an action without a condition runs only while everything before it succeeded', () => {
  assert.ok(isDue(undefined, [done(true), passedOver('a.b'), done(false)]));
  assert.ok(!isDue(undefined, [failed]));
  assert.ok(!isDue(undefined, [failed, done(true)]), 'a repair does not let the others go on');
});

test('changed looks at the one before alone, failed at all before, always at none', () => {
  assert.ok(isDue('changed', [done(true)]));
  assert.ok(!isDue('changed', [done(false)]));
  assert.ok(!isDue('changed', [done(true), passedOver('a.b')]));
  assert.ok(isDue('failed', [failed, done(false)]));
  assert.ok(!isDue('failed', [done(true)]));
  assert.ok(isDue('always', [failed]));
});

test('the step ends as its first failure, whatever came after it; nothing fails that was passed over', () => {
  const whens: StepAction['when'][] = [undefined, 'changed', 'failed', 'always'];
  const wishes = fc.array(
    fc.record({ when: fc.constantFrom(...whens), succeeds: fc.boolean(), changed: fc.boolean() }),
    { minLength: 1, maxLength: 16 },
  );
  fc.assert(
    fc.property(wishes, (wished) => {
      const outcomes: ActionOutcome[] = [];
      const ran: ActionEnd[] = [];
      for (const [index, { when, succeeds, changed }] of wished.entries()) {
        if (index > 0 && !isDue(when, outcomes)) {
          outcomes.push(passedOver(`a.a${index}`));
          continue;
        }
        const error = { code: `CODE_${index}`, details: {} };
        const end: ActionEnd = succeeds
          ? { kind: 'succeeded', result: { changed } }
          : { kind: 'failed', error };
        ran.push(end);
        outcomes.push(outcomeOfAction(`a.a${index}`, end));
      }

      const end = endOfStep(ran);

      const first = outcomes.find(({ kind }) => kind === 'failed');
      assert.equal(end.kind, first === undefined ? 'succeeded' : 'failed');
      assert.equal(end.kind === 'succeeded' ? undefined : end.error.code, first?.error?.code);
    }),
  );
});

test('what an earlier process wrote down of an action is what its end was', () => {
  for (const outcome of [done(true), failed]) {
    assert.deepEqual(outcomeOfAction(outcome.action, endOfOutcome(outcome)), outcome);
  }
});

test('a result or details too large for the journal stay out of an action, its end does not', () => {
  const large = outcomeOfAction('a.b', { kind: 'succeeded', result: { text: 'x'.repeat(5000) } });
  const error = {
    code: 'X',
    details: Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`k${n}`, 'x'.repeat(500)])),
  };

  assert.equal(large.kind, 'succeeded');
  assert.equal(large.result, null);
  assert.deepEqual(outcomeOfAction('a.b', { kind: 'failed', error }).error, { code: 'X', details: {} });
});

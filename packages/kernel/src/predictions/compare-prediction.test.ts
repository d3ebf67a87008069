import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, TaskState } from '@pilothouse/contract';
import { comparePrediction, type EndedTask } from './compare-prediction.ts';

const ended = (changes: unknown[] | null, state: TaskState = 'succeeded'): EndedTask => ({
  state,
  outcome: {
    kind: state === 'failed' ? 'failed' : 'succeeded',
    result: changes === null ? null : ({ changes } as JsonObject), // Tests write JSON alone.
  },
});
const verdictOf = (dryRun: EndedTask, run: EndedTask) =>
  comparePrediction(['files.write'], dryRun, run)[0]?.verdict;

test('a prediction has come true when exactly that was changed, in whatever order', () => {
  const predicted = ended([{ path: '/a', to: 1 }, { path: '/b' }]);

  assert.equal(verdictOf(predicted, ended([{ path: '/b' }, { to: 1, path: '/a' }])), 'matched');
  assert.equal(verdictOf(predicted, ended([{ path: '/a', to: 1 }])), 'differs');
  assert.equal(verdictOf(predicted, ended([{ path: '/a', to: 2 }, { path: '/b' }])), 'differs');
  assert.equal(verdictOf(ended([]), ended([])), 'matched');
});

test('a run that failed where success was predicted was not foreseen', () => {
  assert.equal(verdictOf(ended([1]), ended(null, 'failed')), 'differs');
});

test('what either side did not say, or how nobody knows it ended, is held against nothing', () => {
  assert.equal(verdictOf(ended(null), ended([1])), 'not-comparable');
  assert.equal(verdictOf(ended([1]), ended(null)), 'not-comparable');
  assert.equal(verdictOf(ended([1], 'failed'), ended([1])), 'not-comparable');
  assert.equal(verdictOf(ended([1]), ended([1], 'unknown')), 'not-comparable');
  assert.equal(verdictOf(ended([1]), { state: 'skipped', outcome: null }), 'not-comparable');
});

test('actions of one step are compared one by one, and one that was passed over is not', () => {
  const step = (last: 'succeeded' | 'passed-over'): EndedTask => ({
    state: 'succeeded',
    outcome: {
      kind: 'succeeded',
      result: null,
      actions: [
        { action: 'a.one', kind: 'succeeded', exitCode: null, error: null, result: { changes: [1] } },
        { action: 'a.two', kind: last, exitCode: null, error: null, result: { changes: [] } },
      ],
    },
  });

  const found = comparePrediction(['a.one', 'a.two'], step('succeeded'), step('passed-over'));

  assert.deepEqual(
    found.map(({ verdict }) => verdict),
    ['matched', 'not-comparable'],
  );
});

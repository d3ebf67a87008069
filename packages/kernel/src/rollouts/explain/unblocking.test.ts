import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unblockingOf } from './unblocking.ts';

test('whoever can end a wait is told the whole command, with the plan or the rollout that it is about', () => {
  const known = { id: 'r_1', plan: 'd'.repeat(64) };

  const approval = unblockingOf('WAITS_FOR_APPROVAL', { ...known, given: 0, required: 1 });
  assert.equal(approval.command, `pilothouse approve ${known.plan}`);
  const confirmation = unblockingOf('WAITS_FOR_CONFIRMATION', { ...known, gate: 'sells' });
  assert.equal(confirmation.command, 'pilothouse rollout confirm r_1 --gate "sells"');
  const undone = unblockingOf('WAITS_FOR_ROLLBACK', { ...known, rolloutId: 'r_2' });
  assert.equal(undone.command, 'pilothouse rollout watch r_2');
  assert.equal(unblockingOf('WAITS_FOR_SOAK', known).command, null);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostEntry } from '../hosts/service.ts';
import { entryOf } from '../rollouts/open-test-rollouts.ts';
import { createBudgetRoll, noteHost, putBudget, refusals } from './budget-roll.ts';

const GRACE_MS = 60_000;
const HOUR_MS = 3_600_000;
const NOBODY = { changedBy: 'ada', changedAt: '', etag: '1', reason: '' };

test('a wall clock that is set back does not lengthen the grace of hosts that are away', () => {
  const time = { wall: 10 * HOUR_MS, monotonic: 0 };
  const clock = { now: () => time.wall, monotonic: () => time.monotonic };
  const roll = createBudgetRoll({ clock, graceMs: GRACE_MS, onRoom: () => {} });
  const [first, second, third] = ['h_1', 'h_2', 'h_3'].map((id): HostEntry => entryOf(id, id));
  assert.ok(first && second && third);
  for (const entry of [first, second, third]) noteHost(roll, entry.id, entry);
  const budget = { name: 'all', selector: 'true', per: null, limit: { hosts: 2 }, counts: 'any' } as const;
  putBudget(roll, { ...budget, ...NOBODY }, () => 'true');

  noteHost(roll, first.id, { ...first, isOnline: false });
  time.wall -= HOUR_MS;
  noteHost(roll, second.id, { ...second, isOnline: false });
  time.wall += GRACE_MS;
  time.monotonic += GRACE_MS;

  assert.deepEqual(
    refusals(roll, third.id, 'host').map(({ down }) => down),
    [2],
  );
});

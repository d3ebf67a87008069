import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY_MS, MINUTE_MS } from '@pilothouse/base';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import type { KernelContext } from '../kernel-context.ts';
import { createBudgetRoll } from './budget-roll.ts';
import { exceededReconciler } from './exceeded-findings.ts';

test('a clock that is set back after a start keeps nobody quiet', async () => {
  const clock = fakeClock();
  let stepMs = 0;
  const stepped = { ...clock, now: () => clock.now() + stepMs };
  let looks = 0;
  const reconciler = exceededReconciler(
    {
      // The reconciler reads no more of it.
      context: { clock: stepped } as unknown as KernelContext,
      deps: { findings: { reconcile: async () => void (looks += 1) } as never },
      roll: createBudgetRoll({ clock, graceMs: MINUTE_MS, onRoom: () => {} }),
      membership: { budgets: new Map() },
    },
    MINUTE_MS,
  );

  stepMs = -DAY_MS;
  clock.advance(MINUTE_MS);
  await reconciler.run();
  assert.equal(looks, 0);
  clock.advance(MINUTE_MS);
  await reconciler.run();

  assert.equal(looks, 1);
});

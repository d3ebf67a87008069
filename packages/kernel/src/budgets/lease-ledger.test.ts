import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostEntry } from '../hosts/service.ts';
import { openTestContext } from '../open-test-context.ts';
import { createBudgetRoll, noteHost } from './budget-roll.ts';
import { readLeases } from './budgets-store.ts';
import { createLeaseLedger } from './lease-ledger.ts';
import { budgetsMigrations } from './migrations.ts';

test('a task that begins anew while a person ends its lease has one, in memory and on disk', async (t) => {
  const { store, clock } = await openTestContext([budgetsMigrations]);
  t.after(() => store.close());
  const roll = createBudgetRoll({ clock, graceMs: 60_000, onRoom: () => {} });
  // Without budgets no more is read of it.
  noteHost(roll, 'h_1', { id: 'h_1', isOnline: true, state: 'active' } as HostEntry);
  const ledger = createLeaseLedger({ clock, roll, isOnline: () => true });
  const wish = { rolloutId: 'r_1', taskId: 'r_1.0', hostId: 'h_1', interrupts: 'host' } as const;
  ledger.take(wish);
  ledger.giveBack(wish);
  await store.transaction((transaction) => ledger.flush(transaction));

  await store.transaction(async (transaction) => {
    await ledger.release(transaction, wish.taskId);
    assert.equal(ledger.take(wish).kind, 'granted');
  });
  await store.transaction((transaction) => ledger.flush(transaction));

  assert.equal(ledger.leases.get(wish.taskId)?.endedAt, null);
  assert.deepEqual(
    (await readLeases(store)).map(({ taskId, endedAt }) => [taskId, endedAt]),
    [['r_1.0', null]],
  );
});

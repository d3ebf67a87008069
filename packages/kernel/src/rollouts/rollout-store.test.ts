import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestContext } from '../open-test-context.ts';
import { rolloutsMigrations } from './migrations.ts';
import { readActive, readRollout, updateRollout } from './rollout-store.ts';
import { tables } from './tables.ts';

const id = 'r_000000000000000001';

/** The texts of a row as the first release wrote them. */
const fixed =
  '{"kind":"run","title":"uptime","createdBy":"ann","createdAt":1767225600000,"notBefore":1767225600000,' +
  '"expiresAt":1767312000000,"retryOf":null,"strategy":{"waves":{"kind":"fixed","hostsPerWave":2},"inFlightMax":10,' +
  '"failuresMax":0,"offline":"wait","taskTimeoutMs":600000,"factsAgeMaxMs":null},"target":{"selector":"true"},' +
  '"hostsCount":4}';
const head =
  '{"cause":{"code":"ROLLOUT_STARTED","details":{},"by":null},"waiting":{"code":"WAITS_FOR_RUNNING",' +
  '"details":{"tasks":1},"since":1767225600000},"counts":{"pending":3,"offered":1,"running":0,"succeeded":0,' +
  '"failed":0,"unknown":0,"skipped":0,"cancelled":0,"expired":0},"wave":0,"startedAt":1767225600000,"endedAt":null}';

test('a rollout that the first release was carrying out is read back, and written again without a word more', async () => {
  const { store } = await openTestContext([rolloutsMigrations]);
  const row = { id, plan_digest: 'a'.repeat(64), run_key: 'a'.repeat(64), fixed, head, ended_at: null };
  await store.transaction((transaction) =>
    tables(transaction)
      .insertInto('rollouts_rollout')
      .values({ ...row, state: 'running', revision: 3 })
      .execute(),
  );

  const [record] = await readActive(store);
  assert.ok(record);
  await store.transaction((transaction) => updateRollout(transaction, record));

  assert.equal(record.head.gate, undefined);
  assert.equal(record.fixed.wavesCount, undefined);
  assert.equal(JSON.stringify((await readRollout(store, id))?.head), head);
  await store.close();
});

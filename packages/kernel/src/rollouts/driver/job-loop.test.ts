import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { AppError } from '@pilothouse/contract';
import { createJobLoop, type JobLoop, type JobLoopDeps } from './job-loop.ts';

/** A loop over a disk without room, whose rollouts ask to be saved again as soon as they were read back. */
function fullDisk() {
  const seen = { commits: 0, waits: 0 };
  let wake = (): void => {};
  const deps: JobLoopDeps = {
    log: { debug() {}, info() {}, warn() {}, error() {} },
    // The loop hands batches on and looks at what is to be run after a commit, of which there is none here.
    newBatch: () => ({ afterCommit: [] }) as unknown as ReturnType<JobLoopDeps['newBatch']>,
    commit() {
      seen.commits += 1;
      return Promise.reject(new AppError('STORE_FULL'));
    },
    send: () => Promise.resolve(),
    reload() {
      loop.add({ apply: () => {} });
      return Promise.resolve();
    },
    askToRepeat() {},
    wait() {
      seen.waits += 1;
      return new Promise((resolve) => {
        wake = resolve;
      });
    },
  };
  const loop: JobLoop = createJobLoop(deps);
  return { loop, seen, wake: () => wake() };
}

test('a store that cannot save is asked again at once, and then once a pause', async () => {
  const { loop, seen, wake } = fullDisk();

  loop.add({ apply: () => {} });
  await turn();
  assert.deepEqual(seen, { commits: 2, waits: 1 });
  await turn();
  assert.deepEqual(seen, { commits: 2, waits: 1 });

  wake();
  await turn();
  assert.deepEqual(seen, { commits: 3, waits: 2 });
  await loop.close();
});

test('who asks in a pause is answered by the store at once', async () => {
  const { loop, seen } = fullDisk();
  loop.add({ apply: () => {} });
  await turn();

  await assert.rejects(
    loop.run(() => {}),
    { code: 'STORE_FULL' },
  );
  await turn();

  assert.deepEqual(seen, { commits: 3, waits: 1 });
});

test('who closes does not wait for the pause to be over', async () => {
  const { loop, seen } = fullDisk();
  loop.add({ apply: () => {} });
  await turn();

  await loop.close();

  assert.deepEqual(seen, { commits: 2, waits: 1 });
});

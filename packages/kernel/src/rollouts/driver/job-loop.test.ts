import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { AppError } from '@pilothouse/contract';
import { createJobLoop, type JobLoop, type JobLoopDeps } from './job-loop.ts';

const loopOver = (deps: Partial<JobLoopDeps>): JobLoop =>
  createJobLoop({
    log: { debug() {}, info() {}, warn() {}, error() {} },
    // The loop hands batches on and looks at what is to be run after a commit, of which there is none here.
    newBatch: () => ({ afterCommit: [] }) as unknown as ReturnType<JobLoopDeps['newBatch']>,
    commit: () => Promise.resolve(),
    send: () => Promise.resolve(),
    reload: () => Promise.resolve(),
    askToRepeat() {},
    wait: () => Promise.resolve(),
    ...deps,
  });

/** A loop over a disk without room, whose rollouts ask to be saved again as soon as they were read back. */
function fullDisk() {
  const seen = { commits: 0, waits: 0 };
  let wake = (): void => {};
  const loop: JobLoop = loopOver({
    commit() {
      seen.commits += 1;
      return Promise.reject(new AppError('STORE_FULL'));
    },
    reload() {
      loop.add({ apply: () => {} });
      return Promise.resolve();
    },
    wait() {
      seen.waits += 1;
      return new Promise((resolve) => {
        wake = resolve;
      });
    },
  });
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

test('a fault in one job is the answer of all in its batch, and hosts repeat what they said', async () => {
  const repeats: string[] = [];
  const loop = loopOver({ askToRepeat: (hostId) => repeats.push(hostId) });
  const fault = new Error('a fault');
  const asked = [
    loop.run(() => {
      throw new AppError('NOT_FOUND');
    }),
    loop.run(() => {}),
    loop.run(() => {
      throw fault;
    }),
    loop.run(() => {}),
  ];
  loop.add({ apply: () => {}, hostId: 'h_one' });

  const answers = await Promise.all(asked.map((answer) => answer.catch((error: unknown) => error)));

  assert.equal((answers[0] as AppError).code, 'NOT_FOUND');
  assert.deepEqual(answers.slice(1), [fault, fault, fault]);
  await loop.idle();
  assert.deepEqual(repeats, ['h_one']);
});

test('a host whose word met a store that was away is asked to repeat it', async () => {
  const repeats: string[] = [];
  const loop = loopOver({ askToRepeat: (hostId) => repeats.push(hostId) });

  loop.add({ apply: () => Promise.reject(new AppError('STORE_AWAY', { place: 'test' })), hostId: 'h_one' });
  await loop.idle();

  assert.deepEqual(repeats, ['h_one']);
});

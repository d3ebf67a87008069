import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { endProcessTree, isAlive, TASK_VARIABLE, ticksSinceBoot } from './process-tree.ts';

test('what left the group of its task is known by its environment, and is not looked into when it is older than the task', async () => {
  const taskId = `r_tree.${process.pid}`;
  const began = ticksSinceBoot();
  const daemon = spawn('sleep', ['600'], {
    detached: true,
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], [TASK_VARIABLE]: taskId },
  });
  await once(daemon, 'spawn');
  const ended = once(daemon, 'exit');
  const tree = { taskId, group: null, scope: null };

  assert.equal(await isAlive({ ...tree, sinceTicks: began }), true);
  assert.equal(await isAlive({ ...tree, sinceTicks: began + 1_000_000 }), false);
  await endProcessTree({ ...tree, sinceTicks: began }, 5_000);

  assert.deepEqual(await ended, [null, 'SIGTERM']);
});

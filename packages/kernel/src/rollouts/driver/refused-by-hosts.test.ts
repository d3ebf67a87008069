import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, TaskOutcome } from '@pilothouse/contract';
import type { EndedTask } from '../result-store.ts';
import { refusedByHosts } from './refused-by-hosts.ts';

const at = '2026-01-01T00:00:00.000Z';

function ended(index: number, kind: TaskOutcome['kind'], code: string, details: JsonObject = {}): EndedTask {
  const outcome: TaskOutcome = {
    ...{ kind, exitCode: null, signal: null, startedAt: null, endedAt: at, output: null, result: null },
    error: { code, details },
  };
  return {
    ...{ rolloutId: 'r_1', index, state: 'failed', attempt: 1, endedAt: 0, groupKey: '' },
    hostId: `h_${index}`,
    body: { cause: null, offeredAt: 0, startedAt: null, outcome, wave: 0 },
  };
}

test('hosts that turned a task away for want of people’s word are named together by reason, others are not', () => {
  const usedUp = { mandate: 'm', uses: 2 };
  const tasks = [
    ended(1, 'refused', 'TASK_MANDATE_USED_UP', usedUp),
    ended(2, 'refused', 'TASK_START_OVERDUE'),
    ended(3, 'refused', 'TASK_MANDATE_USED_UP', usedUp),
    ended(4, 'refused', 'TASK_NOT_SIGNED', { given: 0 }),
    ended(5, 'failed', 'TASK_NOT_SIGNED'),
  ];

  assert.deepEqual(refusedByHosts(tasks), [
    { code: 'TASK_MANDATE_USED_UP', details: usedUp, hosts: ['h_1', 'h_3'], hostsCount: 2 },
    { code: 'TASK_NOT_SIGNED', details: { given: 0 }, hosts: ['h_4'], hostsCount: 1 },
  ]);
});

test('hosts that make up a reason each do not flood the audit, and a record names no more hosts than it may', () => {
  const liars = Array.from({ length: 500 }, (_, n) => ended(n, 'refused', 'TASK_NOT_SIGNED', { n }));
  const alike = Array.from({ length: 1500 }, (_, n) => ended(n, 'refused', 'TASK_NOT_SIGNED'));

  assert.equal(refusedByHosts(liars).length, 20);
  const [one] = refusedByHosts(alike);
  assert.deepEqual([one?.hosts.length, one?.hostsCount], [1000, 1500]);
});

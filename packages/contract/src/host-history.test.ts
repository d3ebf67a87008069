import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkHistories, type HistoryRecord, soakBefore } from './host-history.ts';

const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();
const host = (n: number): string => `h_${String(n).padStart(18, '0')}`;

function task(
  n: number,
  wave: number,
  [from, to]: readonly [number, number | null],
  soakMs = 0,
): HistoryRecord[] {
  const name = { hostId: host(n), taskId: `t_${n}`, attempt: 1 };
  const began: HistoryRecord = {
    kind: 'began',
    ...name,
    at: at(from),
    taskKind: 'run',
    planDigest: 'a'.repeat(64),
    title: 'test',
    rolloutId: 'r_1',
    actions: ['services.restart'],
    wave,
    waveHosts: 2,
    soakMs,
    by: 'plan',
    keys: [],
    mandate: null,
    serverTime: at(0),
  };
  if (to === null) return [began];
  return [began, { kind: 'ended', ...name, at: at(to), outcome: 'succeeded', code: null }];
}
const kindsOf = (...tasks: HistoryRecord[][]): string[] =>
  checkHistories(tasks.flat(), 1000).problems.map(({ kind, start }) => `${kind} ${start.hostId.at(-1)}`);

test('waves that waited for each other show nothing', () => {
  const first = [task(1, 0, [0, 10]), task(2, 0, [2, 12])];

  assert.deepEqual(kindsOf(...first, task(3, 1, [12, 20]), task(4, 1, [15, 20])), []);
});

test('a host that began before the wave before it had ended is named, also when that never ended', () => {
  assert.deepEqual(kindsOf(task(1, 0, [0, 10]), task(2, 0, [2, 30]), task(3, 1, [12, 20])), [
    'wave-skipped 3',
  ]);
  assert.deepEqual(kindsOf(task(1, 0, [0, null]), task(3, 1, [12, 20])), ['wave-skipped 3']);
});

test('a wave of which no record speaks is named once, by the first host of the wave after it', () => {
  assert.deepEqual(kindsOf(task(3, 1, [15, 20]), task(4, 1, [12, 20]), task(5, 2, [30, 40])), [
    'wave-missing 4',
  ]);
  assert.deepEqual(kindsOf(task(1, 0, [0, 10]), task(5, 2, [30, 40])), ['wave-missing 5']);
});

test('clocks that differ a little accuse nobody', () => {
  assert.deepEqual(kindsOf(task(1, 0, [0, 10.9]), task(3, 1, [10, 20])), []);
});

test('a soak that was not waited for is named', () => {
  assert.deepEqual(kindsOf(task(1, 0, [0, 10]), task(3, 1, [69, 80], 60_000)), []);
  assert.deepEqual(kindsOf(task(1, 0, [0, 10]), task(3, 1, [40, 80], 60_000)), ['soak-skipped 3']);
});

test('a step that began twice is named, and hosts whose record is missing are counted', () => {
  const again = task(1, 0, [20, 30]).map((each) => ({ ...each, taskId: 't_other' }));
  const report = checkHistories([...task(1, 0, [0, 10]), ...again, ...task(3, 1, [40, 50])], 0);

  assert.deepEqual(
    report.problems.map(({ kind }) => kind),
    ['ran-again'],
  );
  assert.deepEqual([report.hostsCount, report.startsCount, report.silentCount], [2, 3, 1]);
});

test('the wait before a wave is the longest of the gates that stand there', () => {
  const strategy = {
    waves: { kind: 'all' as const },
    inFlightMax: 1,
    failuresMax: 0,
    offline: 'wait' as const,
    taskTimeoutMs: 1000,
    factsAgeMaxMs: null,
    gates: [
      { kind: 'check' as const, name: 'well', after: 'each' as const, expression: 'true', soakMs: 5000 },
      { kind: 'wait' as const, name: 'night', after: 2, waitMs: 60_000 },
    ],
  };

  assert.deepEqual(
    [null, 0, 1, 2, 3].map((wave) => soakBefore({ strategy }, wave)),
    [0, 0, 5000, 60_000, 5000],
  );
});

import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { type Probe, type TaskOutcome, undoAction } from '@pilothouse/contract';
import { until } from '@pilothouse/testkit';
import { type FakeClock, fakeClock } from '@pilothouse/testkit/fake-clock';
import { rebootLikeAction, setAction } from './staged-plugin.ts';
import { type StagedPlace, startStagedRunner } from './staged-runner.ts';
import { payloadOf } from './test-authority.ts';

let directory = '';
let clock: FakeClock;
let place: StagedPlace;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'stages-'));
  clock = fakeClock();
  place = { directory, clock, tasksOffered: 0 };
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const file = (name: string): string => join(directory, name);
const start = (bootId?: string) => startStagedRunner(place, bootId);

const set = (name: string, text: string, more = {}) => ({
  spec: setAction,
  parameters: { path: file(name), text, ...more },
});

test('a task that is done at once says how it ended and nothing before', async () => {
  const quick = start();
  quick.offer(set('a', 'new'));
  await quick.outcome();
  assert.deepEqual(quick.said, ['outcome']);
  await quick.end();
});

test('a task that takes longer is told of when it has begun', async () => {
  const slow = start();
  slow.offer(set('a', 'newer', { confirmWithinMs: 30_000 }));
  await slow.inStage('confirming');
  clock.advance(1000);
  assert.deepEqual(slow.said, ['started']);
  await slow.end();
});

test('a change that is confirmed stays; the session was dropped for it', async () => {
  const agent = start();
  agent.offer(set('a', 'new', { confirmWithinMs: 30_000 }));
  await agent.inStage('confirming');
  assert.equal(agent.drops(), 1);

  agent.openSession();

  assert.equal((await agent.outcome()).kind, 'succeeded');
  assert.equal(readFileSync(file('a'), 'utf8'), 'new');
  await agent.end();
});

test('a change after which nobody is heard is undone when the time is over, and says so', async () => {
  writeFileSync(file('a'), 'old');
  const agent = start();
  agent.offer(set('a', 'new', { confirmWithinMs: 30_000 }));
  await agent.inStage('confirming');

  clock.advance(29_000);
  assert.equal(readFileSync(file('a'), 'utf8'), 'new');
  clock.advance(2000);
  const outcome = await agent.outcome();

  assert.equal(outcome.kind, 'failed');
  assert.deepEqual(outcome.error, {
    code: 'TASK_NOT_CONFIRMED',
    details: { action: 'test.set', seconds: 30, undone: 1 },
  });
  assert.equal(readFileSync(file('a'), 'utf8'), 'old');
  await agent.end();
});

test('an agent that starts after the deadline undoes first; one that starts before it waits for what is left', async () => {
  writeFileSync(file('a'), 'old');
  for (const [elapsed, isHeard] of [
    [60_000, false],
    [10_000, true],
  ] as const) {
    const first = start();
    first.offer(set('a', `new ${elapsed}`, { confirmWithinMs: 30_000 }));
    await first.inStage('confirming');
    await first.end();
    clock.advance(elapsed);

    const second = start('b2');
    if (isHeard) second.openSession();
    const outcome = await second.outcome();

    assert.equal(outcome.kind, isHeard ? 'succeeded' : 'failed');
    assert.equal(readFileSync(file('a'), 'utf8'), isHeard ? `new ${elapsed}` : 'old');
    for (const { started } of second.journal.tasks.values()) second.runner.saved(started);
    await second.end();
  }
});

test('a change that was taken back is not confirmed any more, wherever the clock goes', async () => {
  writeFileSync(file('a'), 'old');
  const first = start();
  const { planDigest } = first.offer(set('a', 'new', { confirmWithinMs: 30_000 }));
  await first.inStage('confirming');
  await first.end();
  // Killed after the deadline, with the change restored and that not yet told.
  writeFileSync(file('a'), 'old');
  first.undo.restored(planDigest, 1);

  // The boot set the clock back: there seems to be time left, and a session is there.
  const second = start('b2');
  second.openSession();
  const outcome = await second.outcome();

  assert.equal(outcome.error?.code, 'TASK_NOT_CONFIRMED');
  assert.equal(readFileSync(file('a'), 'utf8'), 'old');
  await second.end();
});

test('a server that has saved what has not ended changes nothing', async () => {
  writeFileSync(file('a'), 'old');
  const first = start();
  const { taskId, attempt } = first.offer(set('a', 'new', { confirmWithinMs: 30_000 }));
  await first.inStage('confirming');
  first.runner.saved({ taskId, attempt });
  await first.end();
  clock.advance(60_000);

  const second = start('b2');
  const outcome = await second.outcome();

  assert.equal(outcome.error?.code, 'TASK_NOT_CONFIRMED');
  assert.equal(readFileSync(file('a'), 'utf8'), 'old');
  await second.end();
});

test('a change that failed half way must be confirmed as well', async () => {
  writeFileSync(file('a'), 'old');
  const agent = start();
  agent.offer(set('a', 'new', { confirmWithinMs: 30_000, fails: true }));
  await agent.inStage('confirming');

  clock.advance(31_000);

  assert.equal((await agent.outcome()).error?.code, 'TASK_NOT_CONFIRMED');
  assert.equal(readFileSync(file('a'), 'utf8'), 'old');
  await agent.end();
});

test('a task goes on after the boot that it asked for, once a session is there, with its other actions', async () => {
  const first = start();
  first.offer({
    ...set('a', 'one'),
    more: [{ spec: rebootLikeAction, parameters: { withinMs: 60_000 } }, set('b', 'two')],
  });
  await first.inStage('rebooting');
  assert.deepEqual(first.runner.journalEntries()[0]?.state, 'started');
  await first.end();
  clock.advance(20_000);

  const second = start('b2');
  // At once, before anybody waits for it.
  second.openSession();
  const outcome = await second.outcome();

  assert.equal(outcome.kind, 'succeeded');
  assert.deepEqual(
    outcome.actions?.map(({ action, kind }) => [action, kind]),
    [
      ['test.set', 'succeeded'],
      ['test.reboot', 'succeeded'],
      ['test.set', 'succeeded'],
    ],
  );
  assert.deepEqual(outcome.actions?.[1]?.result, { asked: true, bootIdBefore: 'b1', bootIdNow: 'b2' });
  assert.equal(readFileSync(file('b'), 'utf8'), 'two');
  await second.end();
});

test('a host that does not go down, comes back late, or did not accept the reboot is told apart', async () => {
  const stays = start();
  stays.offer({ spec: rebootLikeAction, parameters: { withinMs: 60_000 } });
  await stays.inStage('rebooting');
  await stays.end();
  clock.advance(10_000);
  const restarted = start('b1');
  await until('it to wait', 5000, async () => (restarted.stage() === 'rebooting' ? true : null));
  const moving = setInterval(() => clock.advance(10_000), 5);
  assert.equal((await restarted.outcome()).error?.code, 'REBOOT_DID_NOT_HAPPEN');
  clearInterval(moving);
  for (const { started } of restarted.journal.tasks.values()) restarted.runner.saved(started);

  restarted.offer({ spec: rebootLikeAction, parameters: { withinMs: 60_000 } });
  await restarted.inStage('rebooting');
  await restarted.end();
  clock.advance(90_000);
  const late = start('b2');
  late.openSession();
  assert.deepEqual((await late.outcome()).error, {
    code: 'REBOOT_RETURNED_LATE',
    details: { seconds: 90, withinSeconds: 60 },
  });
  for (const { started } of late.journal.tasks.values()) late.runner.saved(started);
  await late.end();

  const refused = start('b2');
  refused.offer({ spec: rebootLikeAction, parameters: { withinMs: 60_000, isAccepted: false } });
  assert.equal((await refused.outcome()).error?.code, 'REBOOT_NOT_ACCEPTED');
  await refused.end();
});

test('a plan is undone newest first; a second undo finds nothing left, and without records it is refused', async () => {
  writeFileSync(file('a'), 'old');
  const agent = start();
  const done = agent.offer({ ...set('a', 'one'), more: [set('a', 'two'), set('b', 'new')] });
  await agent.outcome();
  const undo = async (planDigest: string): Promise<TaskOutcome> => {
    const known = agent.outcomes.length;
    agent.offer({ spec: undoAction, parameters: { planDigest } });
    return until('the undo', 5000, async () => agent.outcomes[known] ?? null);
  };

  const first = await undo(done.planDigest);
  const second = await undo(done.planDigest);
  const foreign = await undo('f'.repeat(64));

  assert.deepEqual(first.result, { changed: true, changes: ['test.set', 'test.set', 'test.set'] });
  assert.equal(readFileSync(file('a'), 'utf8'), 'old');
  assert.throws(() => readFileSync(file('b')));
  assert.deepEqual(second.result, { changed: false, changes: [] });
  assert.equal(foreign.error?.code, 'UNDO_RECORD_MISSING');
  await agent.end();
});

test('an undo that fails says why its action did', async () => {
  writeFileSync(file('a'), 'old');
  const agent = start();
  const done = agent.offer(set('a', 'one'));
  await agent.outcome();
  rmSync(file('a'));
  mkdirSync(file('a'));
  agent.offer({ spec: undoAction, parameters: { planDigest: done.planDigest } });

  const failed = await until('the undo', 5000, async () => agent.outcomes[1] ?? null);

  const { code, details } = failed.error ?? { code: '', details: {} };
  assert.equal(code, 'UNDO_FAILED');
  assert.equal(details['code'], 'TASK_ACTION_CRASHED');
  assert.match(JSON.stringify(details['cause']), /EISDIR/);
  await agent.end();
});

let web: Server;
const listening = async (answer: () => number): Promise<number> => {
  web = createServer((_request, response) => response.writeHead(answer()).end('the page'));
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  // listen() on an address gives an address.
  return (web.address() as AddressInfo).port;
};
const probeOf = (port: number): Probe => ({
  name: 'page',
  kind: 'http',
  url: `http://127.0.0.1:${port}/`,
  statusMin: 200,
  statusMax: 299,
  bodyHas: 'page',
  isInsecure: false,
  tries: 1,
  pauseMs: 0,
  timeoutMs: 2000,
});

test('a host that was not well is left alone and does not count as run; one that the task made unwell has failed', async () => {
  let isWell = false;
  const port = await listening(() => (isWell ? 200 : 500));
  const strategy = { ...payloadOf(set('a', 'x')).header.strategy, probes: [probeOf(port)] };
  const agent = start();
  try {
    const before = agent.offer({ ...set('a', 'new'), header: { strategy } });
    const refused = await agent.outcome();
    isWell = true;
    // Well when it is asked first, not well when it is asked after the change.
    const watching = setInterval(() => {
      isWell = !agent.journal.hasRun({ ...before, planDigest: again.planDigest });
    }, 1);
    const again = agent.offer({ ...set('a', 'newer'), header: { strategy } });
    const failed = await until('the second', 5000, async () => agent.outcomes[1] ?? null);
    clearInterval(watching);

    assert.equal(refused.kind, 'refused');
    assert.equal(refused.error?.code, 'TASK_PROBE_FAILING_BEFORE');
    assert.match(refused.probes?.before[0]?.evidence ?? '', /status 500/);
    assert.ok(!agent.journal.hasRun(before));
    assert.equal(failed.kind, 'failed');
    assert.equal(failed.error?.code, 'TASK_PROBE_FAILING_AFTER');
    assert.notEqual(failed.result, null, 'what it changed before is still said');
    assert.deepEqual(
      [failed.probes?.before, failed.probes?.after].map((results) => results?.[0]?.isPassing),
      [true, false],
    );
    assert.equal(readFileSync(file('a'), 'utf8'), 'newer', 'undoing it is for people or the plan to say');
  } finally {
    web.close();
    await agent.end();
  }
});

test('one action has the outcome that servers have always read; a repair does not hide a failure', async () => {
  const agent = start();
  agent.offer(set('a', 'one'));
  const plain = await agent.outcome();
  agent.offer({
    ...set('b', 'x', { fails: true }),
    more: [
      set('c', 'never'),
      { ...set('d', 'repaired'), when: 'failed' },
      { ...set('e', 'noticed'), when: 'changed' },
    ],
  });
  const repaired = await until('the second', 5000, async () => agent.outcomes[1] ?? null);

  assert.ok(!('actions' in plain) && !('probes' in plain));
  assert.equal(repaired.kind, 'failed');
  assert.equal(repaired.error?.code, 'TEST_FAILED');
  assert.deepEqual(
    repaired.actions?.map(({ kind }) => kind),
    ['failed', 'passed-over', 'succeeded', 'succeeded'],
  );
  assert.throws(() => readFileSync(file('c')));
  await agent.end();
});

test('a task that waited for its locks until its offer was over does not begin', async () => {
  const agent = start();
  agent.offer(set('a', 'new', { confirmWithinMs: 300_000 }));
  await agent.inStage('confirming');
  const notAfter = new Date(clock.now() + 60_000).toISOString();
  agent.offer({ ...set('b', 'late'), payload: { notAfter } });

  clock.advance(61_000);
  agent.openSession();
  const late = await until('the second', 5000, async () => agent.outcomes[1] ?? null);

  assert.deepEqual([late.kind, late.error?.code], ['refused', 'TASK_START_OVERDUE']);
  assert.equal(late.startedAt, null);
  assert.throws(() => readFileSync(file('b')));
  await agent.end();
});

test('asked after a task the agent says how far it is, and of an ended one its outcome again', async () => {
  const agent = start();
  const { taskId } = agent.offer(set('a', 'new', { confirmWithinMs: 30_000 }));
  await agent.inStage('confirming');

  agent.runner.askedOf(taskId);
  agent.openSession();
  await agent.outcome();
  agent.runner.askedOf(taskId);
  agent.runner.saved({ taskId, attempt: 1 });
  agent.runner.askedOf(taskId);

  assert.deepEqual(agent.words, ['started', 'ended', 'absent']);
  assert.equal(agent.outcomes.length, 2);
  await agent.end();
});

test('what a killed agent left of its tasks’ own directories goes when nothing can need it any more', async () => {
  const scratch = join(directory, 'tasks', 'scratch');
  for (const [name, ageHours] of [
    ['task-old', 25],
    ['task-new', 23],
  ] as const) {
    mkdirSync(join(scratch, name), { recursive: true });
    const at = clock.now() / 1000 - ageHours * 3600;
    utimesSync(join(scratch, name), at, at);
  }

  await start().end();

  assert.deepEqual(readdirSync(scratch), ['task-new']);
});

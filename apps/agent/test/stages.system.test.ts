/**
 * The real agent in a process of its own, killed at many moments of everything that takes more than one write: steps of
 * several actions, undo records, undoing, changes to confirm. Whatever the moment, no outcome is invented, nothing runs
 * twice by itself, and what was changed can be undone or has been.
 */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type TaskOutcome, undoAction } from '@pilothouse/contract';
import { buildBundles } from '../../../tools/build.ts';
import { type AgentUnderTest, ended, newAgent } from './agent-process.ts';
import { openScriptedGateway, type ScriptedGateway, type ScriptedSession } from './scripted-gateway.ts';
import { setAction } from './staged-plugin.ts';
import { type EnvelopeWish, payloadOf, sealEnvelope } from './test-authority.ts';

const STAGED_AGENT = fileURLToPath(new URL('staged-agent.ts', import.meta.url));
/** Moments of one story at which the agent is killed, from before it begins to after it ends. */
const MOMENTS = 10;

let gateway: ScriptedGateway;
let agent: AgentUnderTest;
let running: ChildProcess;
/** The latest session, and all of them: some agents drop theirs on purpose. */
let session: ScriptedSession;
let sessions: ScriptedSession[] = [];
let tasks = 0;

before(() => buildBundles(['agent']));
beforeEach(async () => {
  gateway = await openScriptedGateway();
  agent = newAgent();
  await agent.command('enrol', '--token', gateway.token());
  running = agent.start(STAGED_AGENT);
  await newSession(() => true);
});
afterEach(async () => {
  await agent.close();
  await gateway.close();
  sessions = [];
});

const file = (name: string): string => join(agent.directory, name);
const text = (name: string): string | null => {
  try {
    return readFileSync(file(name), 'utf8');
  } catch {
    return null;
  }
};
const set = (name: string, to: string, more = {}) => ({
  spec: setAction,
  parameters: { path: file(name), text: to, ...more },
});

function offer(wish: EnvelopeWish) {
  tasks += 1;
  const taskId = `t_${process.pid}_${tasks}`;
  const payload = payloadOf({ ...wish, header: { title: taskId }, payload: { taskId } });
  const envelope = sealEnvelope(payload, gateway.key);
  const frame = { kind: 'offer', taskId, attempt: 1, envelope, outputCreditBytes: 0 } as const;
  session.send(frame);
  return { frame, planDigest: payload.planDigest };
}

async function newSession(isIt: (session: ScriptedSession) => boolean): Promise<void> {
  do {
    session = await gateway.session();
    sessions.push(session);
  } while (!isIt(session));
}

async function killAndRestart(): Promise<void> {
  running.kill('SIGKILL');
  await ended(running);
  const processes = new Set(sessions.map(({ hello }) => hello.processId));
  running = agent.start(STAGED_AGENT);
  // An agent that dropped its session may have opened another before it was killed.
  const isMine = ({ hello }: ScriptedSession): boolean => !processes.has(hello.processId);
  await newSession(isMine);
}

/** What becomes of an offer after a restart: offered again when the agent knows nothing of it, as a server does. */
async function outcomeOf(offered: ReturnType<typeof offer>): Promise<TaskOutcome> {
  const { frame } = offered;
  if (!session.hello.journal.some(({ taskId }) => taskId === frame.taskId)) session.send(frame);
  const said = session.next('outcome', ({ taskId }) => taskId === frame.taskId);
  const first = await Promise.race([said, session.closed]);
  // The agent dropped its session to have its change confirmed by a new one.
  if (first === undefined) {
    await newSession(() => true);
    return outcomeOf(offered);
  }
  session.send({ kind: 'outcome-saved', taskId: frame.taskId, attempt: 1 });
  return first.outcome;
}

async function undo(planDigest: string): Promise<TaskOutcome> {
  return outcomeOf(offer({ spec: undoAction, parameters: { planDigest } }));
}

test('killed anywhere in a step of several actions: the ended ones are named, and the plan can be undone', async () => {
  const seen = new Set<string>();
  for (let moment = 0; moment < MOMENTS; moment++) {
    for (const name of ['a', 'b', 'c']) writeFileSync(file(name), 'old');
    const pause = { pauseMs: 15 };
    const done = offer({ ...set('a', 'new', pause), more: [set('b', 'new', pause), set('c', 'new', pause)] });
    await wait(moment * 12);
    await killAndRestart();

    const outcome = await outcomeOf(done);

    const named = outcome.actions?.map(({ kind }) => kind) ?? [];
    seen.add(`${outcome.kind} ${named.length}`);
    assert.ok(outcome.kind === 'succeeded' || outcome.kind === 'unknown', outcome.kind);
    assert.ok(named.every((kind) => kind === 'succeeded'));
    for (const name of ['a', 'b', 'c'].slice(0, named.length)) assert.equal(text(name), 'new');
    if (outcome.kind === 'succeeded') assert.equal(named.length, 3);

    const undone = await undo(done.planDigest);
    assert.equal(undone.kind, 'succeeded', JSON.stringify(undone.error));
    for (const name of ['a', 'b', 'c']) assert.equal(text(name), 'old', `${name} at moment ${moment}`);
    const again = await undo(done.planDigest);
    assert.deepEqual(again.result, { changed: false, changes: [] });
  }
  assert.ok(seen.size >= 3, `different moments were hit: ${[...seen].join(', ')}`);
});

test('killed anywhere while undoing: undoing again restores what is left, in order', async () => {
  for (let moment = 0; moment < MOMENTS; moment++) {
    writeFileSync(file('a'), 'old');
    const more = Array.from({ length: 8 }, (_, n) => set('a', `v${n + 2}`));
    const done = offer({ ...set('a', 'v1'), more });
    assert.equal((await outcomeOf(done)).kind, 'succeeded');
    const first = offer({ spec: undoAction, parameters: { planDigest: done.planDigest } });
    await wait(5 + moment * 2);
    await killAndRestart();

    const outcome = await outcomeOf(first);
    assert.ok(outcome.kind === 'succeeded' || outcome.kind === 'unknown', outcome.kind);
    if (outcome.kind === 'succeeded') assert.equal(text('a'), 'old');

    assert.equal((await undo(done.planDigest)).kind, 'succeeded');
    assert.equal(text('a'), 'old', `at moment ${moment}`);
  }
});

test('killed anywhere in a change to confirm: it ends confirmed or undone, and never neither', async () => {
  const seen = new Set<string>();
  for (let moment = 0; moment < MOMENTS; moment++) {
    writeFileSync(file('a'), 'old');
    const done = offer(set('a', 'new', { pauseMs: 40, confirmWithinMs: 20_000 }));
    await wait(moment * 12);
    await killAndRestart();

    const outcome = await outcomeOf(done);

    seen.add(outcome.error?.code ?? outcome.kind);
    if (outcome.kind === 'succeeded') assert.equal(text('a'), 'new');
    else if (outcome.error?.code === 'TASK_CHANGE_INTERRUPTED') assert.equal(text('a'), 'old');
    // Killed before the first stage was written: nothing had begun.
    else assert.deepEqual([outcome.kind, text('a')], ['unknown', 'old']);
  }
  assert.ok(seen.has('succeeded') && seen.has('TASK_CHANGE_INTERRUPTED'), [...seen].join(', '));
});

test('cut off by its own change, with the agent killed and no server in reach, the host takes it back', async () => {
  writeFileSync(file('a'), 'old');
  const done = offer(set('a', 'new', { confirmWithinMs: 3000 }));
  await session.closed;
  // Whatever it says now is not answered: the host is cut off.
  gateway.answer(() => ({ kind: 'come-back', afterMs: 1000 }));
  running.kill('SIGKILL');
  await ended(running);
  assert.equal(text('a'), 'new');
  running = agent.start(STAGED_AGENT);
  while (text('a') !== 'old') await gateway.session();

  gateway.answer(null);
  await newSession(({ hello }) => hello.journal.some(({ state }) => state === 'ended'));
  const { outcome } = await session.next('outcome', ({ taskId }) => taskId === done.frame.taskId);

  assert.equal(outcome.error?.code, 'TASK_NOT_CONFIRMED');
  rmSync(file('a'));
});

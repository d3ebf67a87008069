import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { isAlive } from '@pilothouse/agent-kit';
import type { EnvelopePayload, JsonObject } from '@pilothouse/contract';
import { runCommandAction } from '@pilothouse/plugin-commands/contract';
import { buildBundles } from '../../../tools/build.ts';
import { type AgentUnderTest, ended, newAgent } from './agent-process.ts';
import { openScriptedGateway, type ScriptedGateway, type ScriptedSession } from './scripted-gateway.ts';
import { payloadOf, sealEnvelope } from './test-authority.ts';

let gateway: ScriptedGateway;
let agent: AgentUnderTest;
let running: ChildProcess;
let session: ScriptedSession;
let tasks = 0;

before(() => buildBundles(['agent']));
beforeEach(async () => {
  gateway = await openScriptedGateway();
  agent = newAgent();
  await agent.command('enrol', '--token', gateway.token());
  running = agent.start();
  session = await gateway.session();
});
afterEach(async () => {
  await agent.close();
  await gateway.close();
});

const file = (name: string): string => join(agent.directory, name);
const shell = (text: string, more: JsonObject = {}): JsonObject => ({ shell: text, ...more });

/** Offers a command as a plan of its own; what comes back can be offered again. */
function offer(parameters: JsonObject, payload: Partial<EnvelopePayload> = {}, creditBytes = 65_536) {
  tasks += 1;
  const full = payloadOf({
    spec: runCommandAction,
    parameters,
    payload: { taskId: `t_${process.pid}_${tasks}`, ...payload },
    header: { title: `plan ${tasks}` },
  });
  const frame = {
    kind: 'offer',
    taskId: full.taskId,
    attempt: full.attempt,
    envelope: sealEnvelope(full, gateway.key),
    outputCreditBytes: creditBytes,
  } as const;
  session.send(frame);
  return frame;
}
const outcomeOf = async (task: { taskId: string }, from = session) =>
  (await from.next('outcome', (frame) => frame.taskId === task.taskId)).outcome;
const inlineOf = async (task: { taskId: string }) => {
  const { outputInline } = await session.next('outcome', (frame) => frame.taskId === task.taskId);
  return JSON.parse(outputInline ?? 'null');
};

test('a task is started, streamed and ended, and said again until it is saved', async () => {
  const task = offer(shell('echo one; echo two >&2; sleep 0.3; exit 3'));
  await session.next('started');
  const outcome = await outcomeOf(task);

  assert.equal(outcome.kind, 'failed');
  assert.equal(outcome.exitCode, 3);
  const text = session.heard.flatMap((frame) => (frame.kind === 'output' ? frame.chunks : []));
  assert.deepEqual(
    new Set(text.map((chunk) => `${chunk.stream}:${chunk.text}`)),
    new Set(['stdout:one\n', 'stderr:two\n']),
  );

  session.cut();
  const second = await gateway.session();
  assert.deepEqual(second.hello.journal, [{ taskId: task.taskId, attempt: 1, state: 'ended' }]);
  assert.deepEqual(await outcomeOf(task, second), outcome);
  second.send({ kind: 'outcome-saved', taskId: task.taskId, attempt: 1 });
  second.send({ kind: 'challenge', nonce: 'saved' });
  await second.next('challenge-answer');
  second.cut();
  assert.deepEqual((await gateway.session()).hello.journal, []);
});

test('a step runs once: an offer of what was saved is refused, of what is open is answered', async () => {
  const task = offer(shell(`echo x >> ${file('count')}`));
  await outcomeOf(task);
  session.send(task);
  await outcomeOf(task);
  session.send({ kind: 'outcome-saved', taskId: task.taskId, attempt: 1 });
  session.send(task);
  const refused = await outcomeOf(task);

  assert.equal(refused.error?.code, 'TASK_ALREADY_RAN');
  assert.equal(readFileSync(file('count'), 'utf8'), 'x\n');
});

test('the dry run of a step changes nothing and does not stand in its way', async () => {
  const parameters = shell(`echo x >> ${file('count')}`);
  const header = { title: 'one plan' };
  const payload = payloadOf({ spec: runCommandAction, parameters, header });
  const send = (kind: 'run' | 'dry-run', taskId: string) => {
    const envelope = sealEnvelope({ ...payload, kind, taskId }, gateway.key);
    session.send({ kind: 'offer', taskId, attempt: 1, envelope, outputCreditBytes: 0 });
    return outcomeOf({ taskId });
  };

  assert.equal((await send('dry-run', 't_dry')).kind, 'succeeded');
  assert.ok(!existsSync(file('count')));
  assert.equal((await send('run', 't_wet')).kind, 'succeeded');
  assert.ok(existsSync(file('count')));
});

test('large output is cut at the cap, said to be, and sent when it is wanted', async () => {
  const task = offer(shell('yes 0123456789 | head -c 3000000'), {}, 0);
  const { output } = await outcomeOf(task);
  assert.ok(output !== null);
  session.send({ kind: 'outputs-wanted', digests: [output.digest] });
  while (!gateway.bodies.has(output.digest)) await session.next('heartbeat');

  const body = JSON.parse(String(gateway.bodies.get(output.digest)));
  assert.equal(body.stdout.length, 1024 * 1024);
  assert.equal(body.cutBytes, 3_000_000 - 1024 * 1024);
  assert.equal(output.cutBytes, body.cutBytes);
  assert.ok(!session.heard.some(({ kind }) => kind === 'output'), 'no credit, no live output');
});

test('a cancel and a time limit end the whole tree of a task', async () => {
  const tree = 'setsid sleep 300 & sleep 300 & echo up; wait';
  const cancelled = offer(shell(tree));
  await session.next('output');
  session.send({ kind: 'cancel', taskId: cancelled.taskId });
  assert.equal((await outcomeOf(cancelled)).kind, 'cancelled');

  const late = offer(shell(tree), { timeoutMs: 300 });
  assert.equal((await outcomeOf(late)).kind, 'timed-out');
  for (const { taskId } of [cancelled, late])
    assert.equal(await isAlive({ taskId: `${taskId}-1`, group: null, scope: null }), false);
});

test('tasks that change the host run one after another; what waits can be withdrawn', async () => {
  const first = offer(shell('echo up; read line < go 2>/dev/null || sleep 300'));
  await session.next('output');
  const waiting = offer(shell(`touch ${file('ran')}`));
  await session.next('accepted', (frame) => frame.taskId === waiting.taskId);
  session.send({ kind: 'withdraw', taskId: waiting.taskId });
  assert.equal((await outcomeOf(waiting)).kind, 'cancelled');
  session.send({ kind: 'cancel', taskId: first.taskId });
  await outcomeOf(first);

  assert.ok(!existsSync(file('ran')));
});

test('a host on hold refuses', async () => {
  await agent.command('hold');
  assert.equal((await outcomeOf(offer(shell('true')))).error?.code, 'TASK_HOST_HELD');
  await agent.command('release');
  assert.equal((await outcomeOf(offer(shell('true')))).kind, 'succeeded');
});

test('killed in the middle of a task: it is unknown with the output so far, and never run again', async () => {
  const task = offer(
    shell(`echo x >> ${file('count')}; echo before; sleep 1; echo after; touch ${file('end')}`),
  );
  await session.next('output');
  running.kill('SIGKILL');
  await ended(running);
  running = agent.start();
  session = await gateway.session();
  const { outcome, outputInline } = await session.next('outcome');

  assert.deepEqual(session.hello.journal, [{ taskId: task.taskId, attempt: 1, state: 'ended' }]);
  assert.equal(outcome.kind, 'unknown');
  assert.equal(outcome.error?.code, 'TASK_OUTCOME_UNKNOWN');
  assert.equal(JSON.parse(outputInline ?? '{}').stdout, 'before\n');

  session.send(task);
  assert.equal((await outcomeOf(task)).kind, 'unknown');
  session.send({ kind: 'outcome-saved', taskId: task.taskId, attempt: 1 });
  session.send(task);
  assert.equal((await outcomeOf(task)).error?.code, 'TASK_ALREADY_RAN');
  // The program itself goes on, and its writing to an agent that died does not end it.
  while (!existsSync(file('end'))) await session.next('heartbeat');
  assert.equal(readFileSync(file('count'), 'utf8'), 'x\n');
});

test('killed over and over at any moment: no success is invented, no step runs twice', async () => {
  const seen = new Map<string, string>();
  for (let round = 0; round < 6; round++) {
    const count = file(`count-${round}`);
    const task = offer(shell(`echo x >> ${count}; sleep 0.05; echo done`));
    if (round % 2 === 0) await wait(round * 10);
    else while (!existsSync(count)) await wait(2);
    running.kill('SIGKILL');
    await ended(running);
    running = agent.start();
    session = await gateway.session();
    if (!session.hello.journal.some(({ taskId }) => taskId === task.taskId)) session.send(task);
    const outcome = await outcomeOf(task);
    seen.set(task.taskId, outcome.kind);
    session.send({ kind: 'outcome-saved', taskId: task.taskId, attempt: 1 });

    if (outcome.kind === 'succeeded') assert.equal(readFileSync(count, 'utf8'), 'x\n');
    else assert.equal(outcome.kind, 'unknown');
    if (existsSync(count)) assert.equal(readFileSync(count, 'utf8'), 'x\n');
  }
  assert.equal(seen.size, 6);
});

test('ended in good order, it takes its tasks with it where nothing else would hold them', async () => {
  const task = offer(shell('echo up; sleep 300'));
  await session.next('output');
  running.kill('SIGTERM');
  await ended(running);

  assert.equal(await isAlive({ taskId: `${task.taskId}-1`, group: null, scope: null }), false);
  running = agent.start();
  session = await gateway.session();
  assert.equal((await outcomeOf(task)).kind, 'cancelled');
});

test('what an action prints is what its output holds', async () => {
  const task = offer(shell('printf "\\344\\275"; sleep 0.2; printf "\\240\\n"'));

  assert.equal((await inlineOf(task)).stdout, '你\n');
});

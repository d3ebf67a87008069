/**
 * The undo that comes with a plan: people who sign a plan sign its rollback with it, so a stolen server may undo what they
 * let run here, once, exactly as recorded, and nothing else under that name.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type EnvelopePayload, type Probe, undoAction } from '@pilothouse/contract';
import { buildBundles } from '../../../tools/build.ts';
import { type AgentUnderTest, newAgent } from './agent-process.ts';
import { openScriptedGateway, type ScriptedGateway } from './scripted-gateway.ts';
import { setAction } from './staged-plugin.ts';
import { openStolenServer, type StolenServer, signedBy, writePolicy } from './stolen-server.ts';
import { payloadOf } from './test-authority.ts';
import { newOperator, strictPolicy } from './test-operator.ts';

const STAGED_AGENT = fileURLToPath(new URL('staged-agent.ts', import.meta.url));
const ada = newOperator('ada');
const ben = newOperator('ben');

// Assigned before the first test asks.
let gateway!: ScriptedGateway;
let agent!: AgentUnderTest;
let enemy!: StolenServer;
let plans = 0;

before(async () => {
  await buildBundles(['agent']);
  gateway = await openScriptedGateway();
  agent = newAgent();
  writePolicy(agent, strictPolicy([ada, ben]));
  await agent.command('enrol', '--token', gateway.token());
  agent.start(STAGED_AGENT);
  enemy = openStolenServer(gateway, await gateway.session());
});
after(async () => {
  await agent.close();
  await gateway.close();
});

const file = (): string => join(agent.directory, 'setting');
const text = (): string => readFileSync(file(), 'utf8');
beforeEach(() => writeFileSync(file(), 'old'));

function planOf(to: string): EnvelopePayload {
  plans += 1;
  const header = { title: `plan ${plans}` };
  return payloadOf({ spec: setAction, parameters: { path: file(), text: to }, header });
}

function undoOf({ planDigest }: EnvelopePayload, probes: readonly Probe[] = []): EnvelopePayload {
  plans += 1;
  const header = { title: `undo ${plans}` };
  const plain = payloadOf({ spec: undoAction, parameters: { planDigest }, header });
  if (probes.length === 0) return plain;
  const strategy = { ...plain.header.strategy, probes: [...probes] };
  return payloadOf({ spec: undoAction, parameters: { planDigest }, header: { ...header, strategy } });
}

test('what people let run is undone by the signatures that let it run, and once', async () => {
  const plan = signedBy(planOf('new'), ada);
  assert.equal(await enemy.offer(planOf('new')), 'TASK_NOT_SIGNED');
  assert.equal(await enemy.offer(plan), 'succeeded');
  assert.equal(text(), 'new');

  assert.equal(await enemy.offer(undoOf(plan)), 'succeeded');
  assert.equal(text(), 'old');

  writeFileSync(file(), 'set right by somebody');
  assert.equal(await enemy.offer(undoOf(plan)), 'TASK_AGAIN_NOT_SIGNED');
  assert.equal(await enemy.offer(undoOf(plan), { attempt: 2 }), 'TASK_AGAIN_NOT_SIGNED');
  assert.equal(text(), 'set right by somebody');
});

test('what was undone does not come back: the signatures are spent', async () => {
  const plan = signedBy(planOf('new'), ada);
  await enemy.offer(plan);
  await enemy.offer(undoOf(plan));

  assert.equal(await enemy.offer(plan), 'TASK_ALREADY_RAN');
  assert.equal(await enemy.offer(plan, { attempt: 2 }), 'TASK_AGAIN_NOT_SIGNED');
  assert.equal(text(), 'old');
});

test('nothing rides on an undo: no probe that the plan had not, no plan that never ran here', async () => {
  const plan = signedBy(planOf('new'), ada);
  const evil: Probe = {
    kind: 'command',
    name: 'evil',
    tries: 1,
    pauseMs: 0,
    timeoutMs: 1000,
    argv: ['sh', '-c', `echo evil > ${file()}`],
    exitCode: 0,
  };
  assert.equal(await enemy.offer(undoOf(plan)), 'TASK_UNDO_NOT_COVERED', 'before it ran');
  await enemy.offer(plan);

  assert.equal(await enemy.offer(undoOf(plan, [evil])), 'TASK_UNDO_NOT_COVERED');
  assert.equal(await enemy.offer(undoOf(planOf('never'))), 'TASK_UNDO_NOT_COVERED');
  assert.equal(text(), 'new');
});

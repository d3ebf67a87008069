import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Probe } from '@pilothouse/contract';
import { runCommandAction } from '@pilothouse/plugin-commands/contract';
import { buildBundles } from '../../../tools/build.ts';
import { type AgentUnderTest, newAgent } from './agent-process.ts';
import { openScriptedGateway, type ScriptedGateway } from './scripted-gateway.ts';
import { payloadOf, sealEnvelope } from './test-authority.ts';

const mount = mkdtempSync(join(tmpdir(), 'full-disk-'));
before(async () => {
  await buildBundles(['agent']);
  const made = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', mount], { encoding: 'utf8' });
  assert.equal(made.status, 0, `a disk of its own needs root: ${made.stderr}`);
});
after(async () => {
  await agent.close();
  await gateway.close();
  spawnSync('umount', [mount]);
  rmSync(mount, { recursive: true, force: true });
});

let gateway: ScriptedGateway;
let agent: AgentUnderTest;
test('on a full disk the running task still ends durably, new ones are refused, the session stays', async () => {
  gateway = await openScriptedGateway();
  agent = newAgent(join(mount, 'agent'));
  const go = join(tmpdir(), `go-${process.pid}`);
  await agent.command('enrol', '--token', gateway.token());
  agent.start();
  const session = await gateway.session();
  const offer = (taskId: string, shell: string): void => {
    const wish = { spec: runCommandAction, parameters: { shell }, payload: { taskId } };
    const envelope = sealEnvelope(payloadOf({ ...wish, header: { title: taskId } }), gateway.key);
    session.send({ kind: 'offer', taskId, attempt: 1, envelope, outputCreditBytes: 1000 });
  };
  const outcomeOf = async (taskId: string) =>
    (await session.next('outcome', (frame) => frame.taskId === taskId)).outcome;

  offer('t_running', `echo up; while [ ! -e ${go} ]; do sleep 0.05; done; yes | head -c 100000`);
  await session.next('output');
  fill(join(mount, 'ballast'));
  offer('t_refused', 'true');
  const refused = await outcomeOf('t_refused');
  writeFileSync(go, '');
  const ran = await outcomeOf('t_running');
  rmSync(go);

  assert.equal(refused.error?.code, 'TASK_DISK_FULL');
  assert.equal(ran.kind, 'succeeded');
  assert.ok((ran.output?.cutBytes ?? 0) > 90_000, 'what found no room is counted');
  session.cut();
  const again = await gateway.session();
  assert.deepEqual(
    again.hello.journal.map(({ taskId, state }) => [taskId, state]),
    [
      ['t_running', 'ended'],
      ['t_refused', 'ended'],
    ],
  );
  await again.next('heartbeat');
  again.cut();
});

test('a change that ends well on a full disk is probed, and has not failed for want of room for a stage', async () => {
  rmSync(join(mount, 'ballast'), { force: true });
  const session = await gateway.session();
  const go = join(tmpdir(), `go-probed-${process.pid}`);
  const probe: Probe = {
    name: 'well',
    kind: 'command',
    argv: ['true'],
    exitCode: 0,
    tries: 1,
    pauseMs: 0,
    timeoutMs: 5000,
  };
  const shell = `echo up; while [ ! -e ${go} ]; do sleep 0.05; done`;
  const wish = { spec: runCommandAction, parameters: { shell }, payload: { taskId: 't_probed' } };
  const { strategy } = payloadOf(wish).header;
  const header = { title: 'probed', strategy: { ...strategy, probes: [probe] } };
  const envelope = sealEnvelope(payloadOf({ ...wish, header }), gateway.key);
  session.send({ kind: 'offer', taskId: 't_probed', attempt: 1, envelope, outputCreditBytes: 1000 });
  await session.next('output');
  fill(join(mount, 'ballast'));
  writeFileSync(go, '');
  const { outcome } = await session.next('outcome', ({ taskId }) => taskId === 't_probed');
  rmSync(go);

  assert.deepEqual([outcome.kind, outcome.error], ['succeeded', null]);
  assert.equal(outcome.probes?.after[0]?.isPassing, true);
});

/** Writes until nothing more fits. */
function fill(path: string): void {
  assert.throws(
    () => {
      for (;;) appendFileSync(path, Buffer.alloc(64 * 1024));
    },
    { code: 'ENOSPC' },
  );
}

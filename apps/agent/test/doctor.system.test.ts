import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { until } from '@pilothouse/testkit';
import { buildBundles } from '../../../tools/build.ts';
import type { DoctorFinding } from '../src/doctor/finding.ts';
import { type AgentUnderTest, newAgent } from './agent-process.ts';
import { openScriptedGateway, type ScriptedGateway } from './scripted-gateway.ts';

let gateway: ScriptedGateway;
let agent: AgentUnderTest;
before(async () => {
  await buildBundles(['agent']);
  gateway = await openScriptedGateway();
});
after(() => gateway.close());
beforeEach(() => {
  agent = newAgent();
});
afterEach(() => agent.close());

async function examine(...args: string[]) {
  const { code, stdout } = await agent.command('doctor', '--json', ...args);
  const { findings }: { findings: DoctorFinding[] } = JSON.parse(stdout);
  return { code, byCode: new Map(findings.map((finding) => [finding.code, finding])) };
}

test('on a host that is enrolled and connected all is well', async () => {
  await agent.command('enrol', '--token', gateway.token());
  agent.start();
  await gateway.session();
  const connected = await until('the session to be noted', 10_000, async () => {
    const { code, byCode } = await examine();
    return byCode.get('connected')?.state === 'ok' ? { code, byCode } : null;
  });

  assert.equal(connected.code, 0);
  for (const name of ['directory', 'identity', 'certificate', 'trust', 'server', 'clock', 'journal'] as const)
    assert.equal(connected.byCode.get(name)?.state, 'ok', name);
});

test('a server that is away, a stopped agent and a key open to others have their next steps', async () => {
  await agent.command('enrol', '--token', gateway.token());
  chmodSync(join(agent.directory, 'identity.json'), 0o644);
  const { code, byCode } = await examine('--server', 'https://127.0.0.1:1');
  const { stdout } = await agent.command('doctor', '--lang', 'zh');

  assert.equal(code, 1);
  assert.deepEqual(byCode.get('serverUnreachable')?.details, {
    url: 'https://127.0.0.1:1',
    reason: 'ECONNREFUSED',
  });
  assert.equal(byCode.get('agentStopped')?.state, 'warning');
  assert.match(stdout, /✗ .*identity\.json 对他人开放（权限 644）\n {4}请关闭：chmod go= /);
});

test('one gateway that answers is enough', async () => {
  await agent.command('enrol', '--token', gateway.token());
  const { code, byCode } = await examine('--server', `https://127.0.0.1:1,${gateway.url}`);

  assert.equal(code, 0);
  assert.equal(byCode.get('serverUnreachable')?.state, 'warning');
  assert.equal(byCode.get('server')?.state, 'ok');
});

test('an address that the certificate does not name, and a server of somebody else, are told apart', async () => {
  await agent.command('enrol', '--token', gateway.token());
  const other = await openScriptedGateway();
  const named = await examine('--server', gateway.url.replace('127.0.0.1', 'localhost'));
  const foreign = await examine('--server', other.url);
  await other.close();

  assert.equal(named.byCode.get('serverName')?.state, 'problem');
  assert.equal(foreign.byCode.get('serverForeign')?.state, 'problem');
});

test('before enrolment and with a damaged file it says so, and makes nothing', async () => {
  const nowhere = join(agent.directory, 'nowhere');
  const missing = await examine('--data', nowhere);
  const fresh = await examine();
  await agent.command('enrol', '--token', gateway.token());
  const trust = join(agent.directory, 'trust.json');
  writeFileSync(trust, readFileSync(trust, 'utf8').slice(0, 40));
  const damaged = await examine();

  assert.deepEqual([missing.code, missing.byCode.get('directoryMissing')?.state], [1, 'problem']);
  assert.equal((await examine('--data', nowhere)).byCode.has('directoryMissing'), true);
  assert.equal(fresh.byCode.get('notEnrolled')?.state, 'problem');
  assert.deepEqual(damaged.byCode.get('stateDamaged')?.details, { path: trust });
});

test('status says what undo records take', async () => {
  await agent.command('enrol', '--token', gateway.token());

  assert.match((await agent.command('status')).stdout, /^undo records\t0 plans, 0 of 256 MiB$/m);
});

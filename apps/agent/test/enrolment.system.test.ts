import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { buildBundles } from '../../../tools/build.ts';
import { type AgentUnderTest, newAgent } from './agent-process.ts';
import { openScriptedGateway, type ScriptedGateway, SECRET } from './scripted-gateway.ts';
import { HOST_ID, newAuthority } from './test-authority.ts';

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

test('a token makes a host: an identity and its trust, for the agent’s user alone', async () => {
  const done = await agent.command('enrol', '--token', gateway.token());

  assert.deepEqual([done.code, done.stderr], [0, '']);
  assert.match(done.stdout, new RegExp(HOST_ID));
  for (const name of ['identity.json', 'trust.json'])
    assert.equal(statSync(join(agent.directory, name)).mode & 0o777, 0o600);
  assert.doesNotMatch(readFileSync(join(agent.directory, 'identity.json'), 'utf8'), new RegExp(SECRET));
});

const tokenWith = (change: object): string =>
  `pht1.${Buffer.from(JSON.stringify({ urls: [gateway.url], pin: gateway.authority.pin, secret: SECRET, ...change })).toString('base64url')}`;

test('says the secret to nobody but the server that the token pins', async () => {
  const heard = gateway.enrolments.length;
  const { pin } = await newAuthority();
  const done = await agent.command('enrol', '--token', gateway.token({ pin }));

  assert.equal(done.code, 3);
  assert.match(done.stderr, /AGENT_PIN_MISMATCH/);
  assert.equal(gateway.enrolments.length, heard);
});

test('refusals, a closed port and a torn token each have a code, a cause and a next step', async () => {
  const cases: [number, RegExp, string][] = [
    [
      3,
      /No such enrolment token.*\n.*Make a new one[^]*AGENT_ENROL_REFUSED/,
      tokenWith({ secret: 'x'.repeat(20) }),
    ],
    [4, /ECONNREFUSED[^]*AGENT_UNREACHABLE/, tokenWith({ urls: ['https://127.0.0.1:1'] })],
    [2, /AGENT_TOKEN_INVALID/, gateway.token().slice(0, -8)],
  ];
  for (const [code, text, bad] of cases) {
    const done = await agent.command('enrol', '--token', bad);
    assert.equal(done.code, code);
    assert.match(done.stderr, text);
  }
});

test('asks the server to say its refusal in the language of the line', async () => {
  const done = await agent.command('enrol', '--lang', 'zh', '--token', tokenWith({ secret: 'x'.repeat(20) }));

  assert.match(done.stderr, /拒绝：注册令牌不存在（ENROL_TOKEN_UNKNOWN）\n请创建新令牌。/);
});

test('does not forget an identity unless told so', async () => {
  await agent.command('enrol', '--token', gateway.token());

  assert.match((await agent.command('enrol', '--token', gateway.token())).stderr, /AGENT_ALREADY_ENROLLED/);
  assert.equal((await agent.command('enrol', '--again', '--token', gateway.token())).code, 0);
});

test('a host that is not enrolled says so, in the language that is asked for', async () => {
  assert.match((await agent.command('run')).stderr, /not enrolled[^]*AGENT_NOT_ENROLLED/);
  assert.match((await agent.command('status', '--lang', 'zh')).stderr, /尚未注册/);
  assert.equal((await agent.command('dance')).code, 2);
});

test('facts and actions are printed without any server', async () => {
  const os = await agent.command('facts', 'os');
  const unknown = await agent.command('facts', 'weather');
  const actions = await agent.command('actions');

  assert.match(JSON.parse(os.stdout).digest, /^[0-9a-f]{64}$/);
  assert.equal(unknown.code, 2);
  assert.match(actions.stdout, /^commands\.run\t/m);
});

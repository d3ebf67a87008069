/**
 * Red team: everything that the owner of a stolen control plane can try against a real agent in strict mode. What was done
 * is read from the host at the end of each test: nothing but what people signed, each at most as often as they signed it.
 */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import {
  ENVELOPE_TAG,
  type EnvelopePayload,
  HistoryRecord,
  MANDATE_TAG,
  type Probe,
  TRUST_TAG,
  undoAction,
} from '@pilothouse/contract';
import { type AgentUnderTest, ended, newAgent } from './agent-process.ts';
import { openScriptedGateway, type ScriptedGateway } from './scripted-gateway.ts';
import {
  openStolenServer,
  type StolenServer,
  signedBy,
  withAuthority,
  writePolicy,
} from './stolen-server.ts';
import { HOST_ID, issueHost, newEnvelopeKey, payloadOf, signWith } from './test-authority.ts';
import { mandateText, newOperator, signMandate, signPlan, strictPolicy } from './test-operator.ts';

const HOUR_MS = 3_600_000;
const ada = newOperator('ada');
const ben = newOperator('ben');
const late = newOperator('cai', { notAfter: new Date(Date.now() - 1000).toISOString() });
const eve = newOperator('eve');

let gateway: ScriptedGateway;
let agent: AgentUnderTest;
let running: ChildProcess;
let enemy: StolenServer;

beforeEach(async () => {
  gateway = await openScriptedGateway();
  agent = newAgent();
  writePolicy(agent, strictPolicy([ada, ben, late]));
  await agent.command('enrol', '--token', gateway.token());
  running = agent.start();
  enemy = openStolenServer(gateway, await gateway.session());
});
afterEach(async () => {
  await agent.close();
  await gateway.close();
});

const file = (name: string): string => join(agent.directory, name);
const note = (word: string): string => `echo ${word} >> ${file('done')}`;
const done = (): string => (existsSync(file('done')) ? readFileSync(file('done'), 'utf8') : '');

async function killAndRestart(): Promise<void> {
  running.kill('SIGKILL');
  await ended(running);
  running = agent.start();
  enemy.session = await gateway.session();
}

test('nothing unsigned runs, however it is signed by the server or by strangers', async () => {
  const plan = enemy.plan(note('forged'));
  const other = signedBy(enemy.plan(note('other')), ada, ben);
  const cases: [string, EnvelopePayload][] = [
    ['no signature at all', plan],
    ['one where two are needed', signedBy(plan, ada)],
    ['the same person twice', signedBy(plan, ada, ada)],
    ['a key of the enemy’s own', signedBy(plan, eve, newOperator('eve2'))],
    ['an expired key', signedBy(plan, ada, late)],
    ['signatures of another plan', withAuthority(plan, other.authority ?? {})],
    [
      'the enemy’s key under a good name',
      withAuthority(plan, {
        plan: [
          signPlan(ada, plan.planDigest),
          { ...signPlan(eve, plan.planDigest), keyId: ben.operator.keyId },
        ],
      }),
    ],
    [
      'signatures with other tags',
      withAuthority(plan, {
        plan: [
          signWith(ada.key, MANDATE_TAG, plan.planDigest),
          signWith(ben.key, ENVELOPE_TAG, plan.planDigest),
        ],
      }),
    ],
    [
      'the server’s own key as an operator',
      withAuthority(plan, { plan: [signWith(enemy.key, 'pilothouse.plan-signature.v1\n', plan.planDigest)] }),
    ],
  ];

  for (const [what, payload] of cases) assert.equal(await enemy.offer(payload), 'TASK_NOT_SIGNED', what);
  for (const [what, payload] of cases)
    assert.equal(await enemy.offer(payload, { kind: 'dry-run' }), 'TASK_NOT_SIGNED', `${what}, as a dry run`);
  assert.equal(done(), '');
});

test('what was signed cannot be changed, widened or sent elsewhere', async () => {
  const good = signedBy(enemy.plan(note('signed')), ada, ben);
  const evil = enemy.plan(note('evil')).step;
  const [action] = good.step.actions;
  const [evilAction] = evil.actions;
  assert.ok(action && evilAction);

  const cases: [string, Partial<EnvelopePayload>][] = [
    ['TASK_PLAN_MISMATCH', { step: evil }],
    ['TASK_PLAN_MISMATCH', { step: { ...good.step, actions: [action, evilAction] } }],
    ['TASK_PLAN_MISMATCH', { step: { ...good.step, actions: [action, action] } }],
    ['TASK_PLAN_MISMATCH', { step: { ...good.step, wave: 0 } }],
    ['TASK_PLAN_MISMATCH', { header: { ...good.header, expiresAt: '2099-01-01T00:00:00.000Z' } }],
    ['TASK_PLAN_MISMATCH', { header: { ...good.header, stepsCount: 1 }, proof: [], stepIndex: 0 }],
    ['TASK_PLAN_MISMATCH', { step: { ...good.step, hostId: 'h_000000000000000002' }, stepIndex: 2 }],
    ['TASK_PLAN_MISMATCH', { kind: 'probe' }],
  ];
  for (const [code, change] of cases)
    assert.equal(await enemy.offer(good, change), code, JSON.stringify(change).slice(0, 80));
  assert.equal(done(), '');

  assert.equal(await enemy.offer(good), 'succeeded');
  assert.equal(done(), 'signed\n');
});

test('each signed step runs once: replayed, doubled, as another attempt, after a crash', async () => {
  const good = signedBy(enemy.plan(note('once')), ada, ben);
  const twins = await Promise.all([enemy.offer(good), enemy.offer(good), enemy.offer(good)]);

  assert.deepEqual(twins.sort(), ['TASK_ALREADY_RAN', 'TASK_ALREADY_RAN', 'succeeded']);
  for (const attempt of [2, 3, 1000])
    assert.equal(await enemy.offer(good, { attempt }), 'TASK_AGAIN_NOT_SIGNED');
  await killAndRestart();
  assert.equal(await enemy.offer(good), 'TASK_ALREADY_RAN');
  assert.equal(await enemy.offer(good, { attempt: 7 }), 'TASK_AGAIN_NOT_SIGNED');
  assert.equal(await enemy.offer(signedBy(enemy.plan(note('retry')))), 'TASK_NOT_SIGNED');
  assert.equal(done(), 'once\n');
});

test('killed while it ran: the signature is spent', async () => {
  const good = signedBy(enemy.plan(`${note('begun')}; sleep 30`), ada, ben);
  const answer = enemy.offer(good);
  answer.catch(() => {});
  await enemy.session.next('started');
  while (done() === '') await enemy.session.next('heartbeat');
  await killAndRestart();

  assert.equal(await enemy.offer(good, { attempt: 2 }), 'TASK_AGAIN_NOT_SIGNED');
  assert.equal(done(), 'begun\n');
});

test('a plan that is over stays over, whatever time the server says', async () => {
  const pastMs = Date.now() - 3 * HOUR_MS;
  const old = signedBy(enemy.plan(note('late'), { nowMs: pastMs }), ada, ben);
  const early = signedBy(enemy.plan(note('early'), { nowMs: Date.now() + 3 * HOUR_MS }), ada, ben);
  const stretched = { notAfter: new Date(Date.now() + HOUR_MS).toISOString() };
  await killAndRestart();

  // The very first word of time that this process of the agent hears is the enemy's.
  for (const payload of [old, early]) {
    const code = await enemy.offer(payload);
    assert.ok(['TASK_OUTSIDE_WINDOW', 'TASK_CLOCK_WRONG'].includes(code), code);
    const again = await enemy.offer(payload, { ...stretched, serverTime: new Date().toISOString() });
    assert.equal(again, 'TASK_OUTSIDE_WINDOW');
  }
  assert.equal(done(), '');
});

const mandated = (word: string, changes: Parameters<typeof mandateText>[0] = {}): string =>
  mandateText({
    actions: [
      {
        action: 'commands.run',
        parameters: { shell: { equals: note(word) }, effect: { equals: 'read' } },
      },
    ],
    ...changes,
  });
const under = (payload: EnvelopePayload, text: string, people = [ada, ben]): EnvelopePayload =>
  withAuthority(payload, { mandate: { text, signatures: people.map((each) => signMandate(each, text)) } });

test('a mandate is carried out as often as it says, counted through crashes', async () => {
  const text = mandated('mandated', { usesMax: 3 });
  const use = () => enemy.offer(under(enemy.plan(note('mandated')), text));

  assert.equal(await use(), 'succeeded');
  await killAndRestart();
  const both = await Promise.all([use(), use(), use()]);
  assert.deepEqual(both.sort(), ['TASK_MANDATE_USED_UP', 'succeeded', 'succeeded']);
  await killAndRestart();
  assert.equal(await use(), 'TASK_MANDATE_USED_UP');
  assert.equal(
    await enemy.offer(under(enemy.plan(note('mandated')), text), { attempt: 9 }),
    'TASK_MANDATE_USED_UP',
  );
  assert.equal(done(), 'mandated\n'.repeat(3));
});

test('a mandate allows what it says and nothing beside it', async () => {
  const text = mandated('allowed');
  const refused = 'TASK_MANDATE_REFUSED';
  const command: Probe = {
    kind: 'command',
    name: 'evil',
    tries: 1,
    pauseMs: 0,
    timeoutMs: 1000,
    argv: ['sh', '-c', note('probe')],
    exitCode: 0,
  };
  const allowed = enemy.plan(note('allowed'));
  const probing = enemy.plan(note('allowed'), {
    header: { strategy: { ...allowed.header.strategy, probes: [command] } },
  });
  const elsewhere = mandated('allowed', { hosts: { kind: 'ids', ids: ['h_000000000000000002'] } });
  const over = mandated('allowed', { expiresAt: new Date(Date.now() - 1000).toISOString() });

  assert.equal(await enemy.offer(under(enemy.plan(note('evil')), text)), refused);
  assert.equal(
    await enemy.offer(under(enemy.plan(note('allowed'), { parameters: { user: 'root' } }), text)),
    refused,
  );
  assert.equal(await enemy.offer(under(probing, text)), refused);
  assert.equal(await enemy.offer(under(allowed, elsewhere)), refused);
  assert.equal(await enemy.offer(under(allowed, over)), refused);
  assert.equal(await enemy.offer(under(allowed, text, [ada])), refused);
  assert.equal(await enemy.offer(under(allowed, text, [ada, eve])), refused);
  const widened = text.replace('"usesMax":2', '"usesMax":9');
  const stolen = { text: widened, signatures: [signMandate(ada, text), signMandate(ben, text)] };
  assert.equal(await enemy.offer(withAuthority(allowed, { mandate: stolen })), refused);
  assert.equal(done(), '');
});

test('a new trust bundle moves the server’s keys and not the host’s policy', async () => {
  const next = newEnvelopeKey();
  const bundle = {
    version: 2,
    authorities: [gateway.authority.pem],
    envelopeKeys: [{ id: next.id, raw: next.raw }],
    mode: 'default',
    operators: [eve.operator],
  };
  const payload = JSON.stringify(bundle);
  const bundles = [{ payload, signatures: [signWith(enemy.key, TRUST_TAG, payload)] }];
  enemy.session.send({ kind: 'trust', bundles });
  await enemy.session.next('trust-adopted');
  enemy.key = next;

  assert.equal(await enemy.offer(enemy.plan(note('forged'))), 'TASK_NOT_SIGNED');
  assert.equal(await enemy.offer(signedBy(enemy.plan(note('forged')), eve, ada)), 'TASK_NOT_SIGNED');
  assert.equal(done(), '');
});

test('a key that the host no longer lists counts for nothing from the next task on', async () => {
  const before = signedBy(enemy.plan(note('before')), ada, ben);
  const after = signedBy(enemy.plan(note('after')), ada, ben);

  assert.equal(await enemy.offer(before), 'succeeded');
  writePolicy(agent, strictPolicy([ada, newOperator('dan')]));
  assert.equal(await enemy.offer(after), 'TASK_NOT_SIGNED');
  assert.equal(done(), 'before\n');
});

test('probes and dry runs are no way round', async () => {
  const probe: Probe = {
    kind: 'command',
    name: 'evil',
    tries: 1,
    pauseMs: 0,
    timeoutMs: 1000,
    argv: ['sh', '-c', note('probe')],
    exitCode: 0,
  };
  const header = enemy.plan('true').header;
  const plan = enemy.plan(note('run'), { header: { strategy: { ...header.strategy, probes: [probe] } } });

  assert.equal(await enemy.probe(plan), 'TASK_NOT_SIGNED');
  assert.equal(await enemy.probe(signedBy(plan, ada)), 'TASK_NOT_SIGNED');
  assert.equal(await enemy.offer(plan, { kind: 'dry-run' }), 'TASK_NOT_SIGNED');
  assert.equal(done(), '');
  assert.equal(
    await enemy.offer(signedBy(enemy.plan(note('dry')), ada, ben), { kind: 'dry-run' }),
    'succeeded',
  );
  assert.equal(done(), '');
});

test('an undo is for what ran here by the word of people, and once', async () => {
  const undo = (planDigest: string): EnvelopePayload =>
    payloadOf({ spec: undoAction, parameters: { planDigest }, header: { title: `undo ${Math.random()}` } });
  const good = signedBy(enemy.plan(note('ran')), ada, ben);

  assert.equal(await enemy.offer(undo(good.planDigest)), 'TASK_UNDO_NOT_COVERED');
  assert.equal(await enemy.offer(good), 'succeeded');
  // A command records nothing to undo; that it may begin at all is what is asked here.
  assert.equal(await enemy.offer(undo(good.planDigest)), 'UNDO_RECORD_MISSING');
  assert.equal(await enemy.offer(undo(good.planDigest)), 'TASK_AGAIN_NOT_SIGNED');
  await killAndRestart();
  assert.equal(await enemy.offer(undo(good.planDigest)), 'TASK_AGAIN_NOT_SIGNED');
  assert.equal(await enemy.offer(undo('e'.repeat(64))), 'TASK_UNDO_NOT_COVERED');
});

test('a policy that cannot be read refuses everything, and what the host allows by itself needs nobody', async () => {
  const signed = signedBy(enemy.plan(note('signed')), ada, ben);
  writePolicy(agent, '{"version":1,"mode":"default"}');
  assert.equal(await enemy.offer(signed), 'TASK_POLICY_DAMAGED');

  writePolicy(
    agent,
    strictPolicy([ada, ben], {
      allow: [
        {
          action: 'commands.run',
          parameters: { shell: { equals: note('own') }, effect: { equals: 'read' } },
        },
      ],
    }),
  );
  assert.equal(await enemy.offer(enemy.plan(note('own'))), 'succeeded');
  assert.equal(
    await enemy.offer(enemy.plan(note('own'), { parameters: { effect: 'disruptive' } })),
    'TASK_NOT_SIGNED',
  );
  assert.equal(await enemy.offer(enemy.plan(note('evil'))), 'TASK_NOT_SIGNED');
  assert.equal(done(), 'own\n');
});

test('the host’s own history tells what began, in which wave and by whose word, through a crash', async () => {
  const plan = enemy.plan(note('told'));
  await enemy.offer(signedBy(plan, ada, ben));
  await enemy.offer(enemy.plan(note('forged')));
  await killAndRestart();

  const { stdout } = await agent.command('history', '--json');
  const records = stdout
    .trim()
    .split('\n')
    .map((line) => HistoryRecord.parse(JSON.parse(line)));

  assert.deepEqual(
    records.map(({ kind, taskId }) => [kind, taskId === records[0]?.taskId]),
    [
      ['began', true],
      ['ended', true],
    ],
  );
  const [began] = records;
  assert.ok(began?.kind === 'began');
  assert.deepEqual([began.planDigest, began.by], [plan.planDigest, 'plan']);
  assert.deepEqual(began.keys.toSorted(), [ada.operator.keyId, ben.operator.keyId].toSorted());
});

test('the host says what it asks for, and whether a policy can be used before it counts', async () => {
  const shown = await agent.command('policy', 'show');
  const good = await agent.command('policy', 'check');
  const missing = await agent.command('policy', 'check', file('no-such-file'));
  writePolicy(agent, JSON.stringify({ ...strictPolicy([ada]), mode: 'strict' }));
  const wanting = await agent.command('policy', 'check');

  assert.match(shown.stdout, /mode\tstrict/);
  assert.match(shown.stdout, new RegExp(`operator\t${ada.operator.keyId}\tada`));
  assert.deepEqual([good.code, missing.code, wanting.code], [0, 1, 1]);
  assert.match(wanting.stderr, /signatures.destructive: 2 are wanted of 1 people/);
});

test('no certificate makes this host another one, whose signed steps it would carry out', async () => {
  const other = 'h_000000000000000002';
  gateway.answer(() => ({ kind: 'renew-only', generation: 7, reason: 'replaced' }));
  await killAndRestart();
  const { csr } = await enemy.session.next('renew');
  const leaf = await issueHost(gateway.authority, csr, { hostId: other });
  enemy.session.sendRaw({ kind: 'certificate', generation: 7, chain: [leaf, gateway.authority.pem] });
  enemy.session.sendRaw({ kind: 'challenge', generation: 7, nonce: 'read' });
  await enemy.session.next('challenge-answer');
  gateway.answer(null);
  await killAndRestart();

  assert.equal(enemy.session.peerName, HOST_ID);
});

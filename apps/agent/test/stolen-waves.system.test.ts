/**
 * A stolen server carries a signed plan out in an order that nobody signed. It can: each step is signed by itself, and a
 * host knows nothing of the others. What it cannot do is hide it: the records that the hosts keep of themselves, laid side
 * by side, name every wave and every wait that was skipped, and every step that was held back is missing in them.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MINUTE_MS } from '@pilothouse/base';
import {
  buildTree,
  checkHistories,
  type EnvelopePayload,
  type HistoryRecord,
  HistoryRecord as HistoryRecordSchema,
  planDigest,
  proofOf,
  rootOf,
  type Step,
} from '@pilothouse/contract';
import { runCommandAction } from '@pilothouse/plugin-commands/contract';
import { buildBundles } from '../../../tools/build.ts';
import { type AgentUnderTest, newAgent } from './agent-process.ts';
import { openScriptedGateway, type ScriptedGateway } from './scripted-gateway.ts';
import { openStolenServer, type StolenServer, signedBy, writePolicy } from './stolen-server.ts';
import { payloadOf } from './test-authority.ts';
import { newOperator, strictPolicy } from './test-operator.ts';

/** Both agents run on this machine, by one clock. */
const TOLERANCE_MS = 0;
const ada = newOperator('ada');
const ben = newOperator('ben');

interface Victim {
  readonly hostId: string;
  readonly gateway: ScriptedGateway;
  readonly agent: AgentUnderTest;
  readonly enemy: StolenServer;
}
// Assigned before the first test asks.
let first!: Victim;
let second!: Victim;

before(async () => {
  await buildBundles(['agent']);
  first = await openVictim('h_000000000000000001');
  second = await openVictim('h_000000000000000002');
});
after(async () => {
  for (const { agent, gateway } of [first, second]) {
    await agent.close();
    await gateway.close();
  }
});

async function openVictim(hostId: string): Promise<Victim> {
  const gateway = await openScriptedGateway(hostId);
  const agent = newAgent();
  writePolicy(agent, strictPolicy([ada, ben]));
  await agent.command('enrol', '--token', gateway.token());
  agent.start();
  return { hostId, gateway, agent, enemy: openStolenServer(gateway, await gateway.session()) };
}

/** A plan that people signed: the first host alone, then a wait of so many minutes, then the second. */
function signedWaves(shell: string, minutes: number): Record<'first' | 'second', EnvelopePayload> {
  const base = payloadOf({
    spec: runCommandAction,
    parameters: { shell, effect: 'read' },
    header: { title: shell },
  });
  const steps: Step[] = [first, second].map(({ hostId }, wave) => ({ ...base.step, hostId, wave }));
  const tree = buildTree(steps);
  const wait = { kind: 'wait', name: 'soak', after: 'each', waitMs: minutes * MINUTE_MS } as const;
  const header = {
    ...base.header,
    strategy: { ...base.header.strategy, ...(minutes === 0 ? {} : { gates: [wait] }) },
    waves: [first, second].map((_, wave) => ({ name: `wave ${wave + 1}`, hostsCount: 1 })),
    stepsRoot: rootOf(tree),
    stepsCount: steps.length,
  };
  const payloads = steps.map((step, stepIndex) =>
    signedBy(
      { ...base, header, planDigest: planDigest(header), step, stepIndex, proof: proofOf(tree, stepIndex) },
      ada,
      ben,
    ),
  );
  // One a step, and there are two.
  return { first: payloads[0] as EnvelopePayload, second: payloads[1] as EnvelopePayload };
}

/** What the two hosts' own records show of one plan. */
async function shownOf({ planDigest: digest }: EnvelopePayload) {
  const records = (await Promise.all([first, second].map(historyOf))).flat();
  const began = records.filter((each) => each.kind === 'began' && each.planDigest === digest);
  const tasks = new Set(began.map(({ taskId }) => taskId));
  const report = checkHistories(
    records.filter(({ taskId }) => tasks.has(taskId)),
    TOLERANCE_MS,
  );
  const problems = report.problems.map(({ kind, start }) => [kind, start.hostId]);
  return { problems, startsCount: report.startsCount, silentCount: report.silentCount };
}

async function historyOf({ agent }: Victim): Promise<HistoryRecord[]> {
  const { stdout } = await agent.command('history', '--json');
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => HistoryRecordSchema.parse(JSON.parse(line)));
}

test('in the order that was signed nothing is shown', async () => {
  const plan = signedWaves('true; : in order', 0);

  assert.equal(await first.enemy.offer(plan.first), 'succeeded');
  assert.equal(await second.enemy.offer(plan.second), 'succeeded');

  assert.deepEqual(await shownOf(plan.first), { problems: [], startsCount: 2, silentCount: 0 });
});

test('the second wave while the first is at work: both run what was signed, and the skipped wave is named', async () => {
  const waits = join(first.agent.directory, 'go');
  const plan = signedWaves(`until [ -e ${waits} ]; do sleep 0.05; done`, 1);
  const held = first.enemy.offer(plan.first);
  await first.enemy.session.next('started');

  const early = second.enemy.offer(plan.second);
  await second.enemy.session.next('started');
  const { stdout } = await first.agent.command('history', '--json');
  assert.ok(stdout.includes(plan.first.planDigest), 'what began is written down before it ends');
  const shown = await shownOf(plan.first);
  writeFileSync(waits, '');
  assert.deepEqual([await held, await early], ['succeeded', 'succeeded']);

  assert.deepEqual(shown.problems, [['wave-skipped', second.hostId]]);
  assert.deepEqual((await shownOf(plan.first)).problems, [['wave-skipped', second.hostId]]);
});

test('the second wave without the wait before it: the skipped gate is named', async () => {
  const plan = signedWaves('true; : without a wait', 1);

  assert.equal(await first.enemy.offer(plan.first), 'succeeded');
  assert.equal(await second.enemy.offer(plan.second), 'succeeded');

  assert.deepEqual((await shownOf(plan.first)).problems, [['soak-skipped', second.hostId]]);
});

test('the second wave without any first: the missing wave is named', async () => {
  const plan = signedWaves('true; : without a canary', 1);

  assert.equal(await second.enemy.offer(plan.second), 'succeeded');

  assert.deepEqual((await shownOf(plan.first)).problems, [['wave-missing', second.hostId]]);
});

test('signatures of a plan without a wait are none for the same plan with one, nor the other way round', async () => {
  const strict = signedWaves('true; : the same', 1);
  const lax = signedWaves('true; : the same', 0);

  const swapped = { ...lax.second, authority: strict.second.authority ?? {} };
  assert.equal(await second.enemy.offer(swapped), 'TASK_NOT_SIGNED');
  const relabelled = {
    ...lax.second,
    planDigest: strict.second.planDigest,
    authority: strict.second.authority ?? {},
  };
  assert.equal(await second.enemy.offer(relabelled), 'TASK_PLAN_MISMATCH');
});

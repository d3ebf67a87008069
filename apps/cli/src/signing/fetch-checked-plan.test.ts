import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from '@pilothouse/client';
import { buildTree, type PlanHeader, planDigest, rootOf, type Step } from '@pilothouse/contract';
import { fetchCheckedPlan } from './fetch-checked-plan.ts';

const at = '2026-01-01T00:00:00.000Z';
const stepOf = (n: number, text = 'uptime'): Step => ({
  hostId: `h_${String(n).padStart(18, '0')}`,
  actions: [{ action: 'commands.run', parameters: { text }, contents: [], undo: null }],
});
const steps = [0, 1, 2].map((n) => stepOf(n));
const header: PlanHeader = {
  version: 1,
  title: 'test',
  createdBy: 'ada',
  createdAt: at,
  notBefore: at,
  expiresAt: at,
  target: { selector: 'true' },
  strategy: {
    waves: { kind: 'all' },
    inFlightMax: 10,
    failuresMax: 0,
    offline: 'wait',
    taskTimeoutMs: 1000,
    factsAgeMaxMs: null,
  },
  actionSchemas: {},
  stepsRoot: rootOf(buildTree(steps)),
  stepsCount: steps.length,
  retryOf: null,
};
const digest = planDigest(header);

/** A server that answers these two routes as it likes, two steps a page. */
function serverSaying(said: { header?: PlanHeader; steps?: readonly Step[] }): Client {
  const rows = (said.steps ?? steps).map((step, index) => ({ ...step, index, hostName: `web-${index}` }));
  const call = async (route: { id: string }, input: { query?: { cursor?: string } }) => {
    if (route.id === 'plans.get') return { digest, header: said.header ?? header, matchingNow: null };
    const from = Number(input.query?.cursor ?? 0);
    const nextCursor = from + 2 < rows.length ? String(from + 2) : null;
    return { items: rows.slice(from, from + 2), nextCursor };
  };
  return { call } as unknown as Client; // Only these two routes are called.
}

test('a plan is what its digest says, worked out here over all of its pages', async () => {
  const plan = await fetchCheckedPlan(serverSaying({}), digest);

  assert.deepEqual(
    plan.steps.map(({ step, hostName }) => [step.hostId, hostName]),
    steps.map(({ hostId }, n) => [hostId, `web-${n}`]),
  );
});

test('a server that shows another header, another step, more or fewer of them is not believed', async () => {
  const refused = (said: Parameters<typeof serverSaying>[0], code: string) =>
    assert.rejects(fetchCheckedPlan(serverSaying(said), digest), { code });

  await refused({ header: { ...header, title: 'harmless' } }, 'CLI_PLAN_MISMATCH');
  await refused({ steps: [stepOf(0), stepOf(1, 'rm'), stepOf(2)] }, 'CLI_PLAN_MISMATCH');
  await refused({ steps: [...steps, stepOf(3)] }, 'CLI_PLAN_MISMATCH');
  await refused({ steps: steps.toReversed() }, 'CLI_PLAN_MISMATCH');
  await refused({ steps: steps.slice(0, 2) }, 'CLI_PLAN_PARTLY_SEEN');
});

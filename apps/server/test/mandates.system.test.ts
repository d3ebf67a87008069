/**
 * Work that recurs and work in emergencies on a host in strict mode: a person signs a mandate once, the real server starts
 * what falls due, and the real agent carries it out as often as was signed. What is more than that it turns away, and
 * everybody can read so in the audit.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import {
  approvalRoutes,
  auditRoutes,
  hostsRoutes,
  type MandateRecord,
  mandateRoutes,
  type NewPlan,
  type Occurrence,
  planRoutes,
  rolloutRoutes,
  schedulesRoutes,
} from '@pilothouse/contract';
import { until } from '@pilothouse/testkit';
import { buildBundles } from '../../../tools/build.ts';
import { type Person, personWithKey, type StrictAgent, startStrictAgent } from './strict-agent.ts';
import { type TestInstallation, testInstallation } from './test-installation.ts';

before(async () => {
  await buildBundles(['agent']);
});

/** A tick of schedules is five seconds; a machine with ten other programs on each processor needs many times that. */
const PATIENCE_MS = 150_000;
/** Until a schedule that is set now falls due. */
const SOON_MS = 3000;

interface Place {
  readonly installation: TestInstallation;
  readonly ada: Person;
  readonly agent: StrictAgent;
  readonly hostId: string;
  /** Writes a line each time that it runs. */
  readonly argv: readonly string[];
  /** How often it ran on the host, whatever anybody says. */
  runs(): number;
}

async function openPlace(t: TestContext): Promise<Place> {
  const installation = await testInstallation('sqlite');
  t.after(() => installation.close());
  const { client } = installation;
  const ada = await personWithKey(client, 'ada');
  const agent = await startStrictAgent(client, [ada]);
  t.after(() => agent.close());
  const host = await until('the agent to be online', PATIENCE_MS, async () => {
    const { items } = await client.call(hostsRoutes.list, { query: { limit: 10 } });
    return items.find(({ presence }) => presence.kind === 'online');
  });
  const file = join(agent.directory, 'runs');
  return {
    ...{ installation, ada, agent, hostId: host.id },
    argv: ['sh', '-c', `echo again >> ${file}`],
    runs: () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0),
  };
}

const sign = ({ ada, hostId, argv }: Place, usesMax: number, isBreakGlass: boolean): Promise<MandateRecord> =>
  ada.mandate({
    actions: [
      {
        action: 'commands.run',
        parameters: { argv: { equals: [...argv] }, effect: { equals: 'disruptive' } },
      },
    ],
    hosts: { kind: 'ids', ids: [hostId] },
    ...{ usesMax, isBreakGlass },
  });

const work = ({ argv }: Place, strategy: NewPlan['strategy'] = {}) => ({
  title: 'nightly',
  target: { selector: 'true' },
  actions: [{ action: 'commands.run', parameters: { argv: [...argv], effect: 'disruptive' } }],
  strategy,
});

interface Terms {
  readonly template: ReturnType<typeof work>;
  readonly hostsMax: number;
  readonly mandateId: string | null;
}

const NAMED = { params: { name: 'nightly' } };

/** Sets the schedule so that its time comes in a moment, and waits until what is due then has ended on the host. */
async function nextOccurrence({ installation }: Place, terms: Terms) {
  const { client } = installation;
  const dueAt = await until('the schedule to be set before its time', PATIENCE_MS, async () => {
    const start = new Date(Date.now() + SOON_MS).toISOString().slice(0, 19);
    const recurrence = { rrule: 'FREQ=DAILY', timeZone: 'UTC', start };
    const [known] = (await client.call(schedulesRoutes.list, { query: {} })).items;
    const body = { ...terms, recurrence };
    const etag = known === undefined ? {} : { etag: known.etag };
    const { next } = await client.call(schedulesRoutes.put, { ...NAMED, body, ...etag });
    return next[0] === `${start}.000Z` ? next[0] : null;
  });
  const occurrence = await until(`the occurrence of ${dueAt}`, PATIENCE_MS, async () => {
    const { items } = await client.call(schedulesRoutes.history, { ...NAMED, query: {} });
    return items.find(
      (each): each is Occurrence & { rolloutId: string } => each.dueAt === dueAt && each.rolloutId !== null,
    );
  });
  assert.equal(occurrence.askedBy, null);
  return installation.ended(occurrence.rolloutId);
}

const codeOf = async ({ installation }: Place, rolloutId: string): Promise<string | undefined> =>
  (await installation.tasks(rolloutId))[0]?.outcome?.error?.code;

const audited = async ({ installation }: Place, action: string) =>
  (await installation.client.call(auditRoutes.list, { query: { action } })).items;

test('a schedule runs on a strict host as often as a person signed; the next time the host says no, for all to read', async (t) => {
  const place = await openPlace(t);
  const mandate = await sign(place, 2, false);
  const terms = { template: work(place), hostsMax: 1, mandateId: null };

  const unsigned = await nextOccurrence(place, terms);
  assert.equal(await codeOf(place, unsigned.id), 'TASK_NOT_SIGNED');
  assert.equal(place.runs(), 0);

  const signed = { ...terms, mandateId: mandate.id };
  for (const n of [1, 2]) {
    const { state } = await nextOccurrence(place, signed);
    assert.deepEqual([state, place.runs()], ['succeeded', n]);
  }

  const beyond = await nextOccurrence(place, signed);
  assert.equal(await codeOf(place, beyond.id), 'TASK_MANDATE_USED_UP');
  assert.deepEqual([beyond.state, place.runs()], ['halted', 2]);

  const [said, first] = await audited(place, 'rollout.refused-by-hosts');
  assert.deepEqual(said?.details, {
    ...{ code: 'TASK_MANDATE_USED_UP', mandate: mandate.id, uses: 2 },
    ...{ hosts: [place.hostId], hostsCount: 1 },
  });
  assert.deepEqual([said?.subject, first?.subject], [beyond.id, unsigned.id]);
  assert.equal((await audited(place, 'mandate.used')).length, 3);
  const began = (await place.agent.history()).filter(({ kind }) => kind === 'began');
  assert.equal(began.length, 2);
});

test('a broken glass needs no approvals, counts its uses on the host, and is told loudly each time', async (t) => {
  const place = await openPlace(t);
  const { client } = place.installation;
  const mandate = await sign(place, 1, true);
  const start = async () => {
    const made = await client.call(planRoutes.create, { body: work(place, { approvalsMin: 2 }) });
    const params = { digest: made.plan.digest };
    const authority = await client.call(mandateRoutes.use, { params, body: { mandateId: mandate.id } });
    assert.deepEqual([authority.given, authority.mandate?.isBreakGlass], [0, true]);
    const rollout = await client.call(rolloutRoutes.start, {
      body: { planDigest: params.digest, kind: 'run' },
    });
    return place.installation.ended(rollout.id);
  };

  const held = await client.call(planRoutes.create, { body: work(place, { approvalsMin: 2 }) });
  const lacking = await client.call(approvalRoutes.show, { params: { digest: held.plan.digest } });
  assert.deepEqual([lacking.given, lacking.required], [0, 2]);
  assert.equal((await start()).state, 'succeeded');
  const again = await start();

  assert.equal(place.runs(), 1);
  assert.equal(await codeOf(place, again.id), 'TASK_MANDATE_USED_UP');
  const [refused] = await audited(place, 'rollout.refused-by-hosts');
  assert.deepEqual([refused?.subject, refused?.details['code']], [again.id, 'TASK_MANDATE_USED_UP']);
  const broken = await audited(place, 'mandate.glass-broken');
  assert.deepEqual(
    broken.map(({ subject, actor, details }) => [subject, actor.name, details['hosts']]),
    [
      [mandate.id, 'ada/test', 1],
      [mandate.id, 'ada/test', 1],
    ],
  );
  assert.match(place.installation.server().log(), /break-glass mandate used/);
});

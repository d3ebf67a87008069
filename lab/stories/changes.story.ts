/**
 * Typed changes on real hosts: services and files, their undo, drift, and a change that ends well everywhere and breaks the
 * service all the same. One lab serves all the stories, in order; each leaves the fleet as it found it.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  eventsRoutes,
  findingsRoutes,
  type NewPlan,
  planRoutes,
  type Rollout,
  resultRoutes,
  rolloutRoutes,
  type Task,
} from '@pilothouse/contract';
import { MANAGED_LIST } from '@pilothouse/plugin-files/contract';
import { until } from '@pilothouse/testkit';
import { execOnHost } from '../host.ts';
import { labUp, mustExec } from '../lab.ts';
import { type Installation, install, untilHosts } from './installation.ts';

const HOSTS = 5;
const NAMES = Array.from({ length: HOSTS }, (_, index) => `h${index + 1}`);
const WEB_PORT = 8080;

/** Answers with the status that /etc/shop.conf names, after the time that it names: the service that the stories change. */
const SHOP = `
const { readFileSync } = require('node:fs');
const settings = Object.fromEntries(readFileSync('/etc/shop.conf', 'utf8').trim().split('\\n').map((line) => line.split('=')));
const since = Date.now();
require('node:http').createServer((request, response) => {
  const isBroken = Date.now() - since > Number(settings.breaksAfterMs);
  response.statusCode = isBroken ? 500 : 200;
  response.end(isBroken ? 'out of order' : 'welcome');
}).listen(${WEB_PORT}, '127.0.0.1');
`;
const UNIT = `[Service]
ExecStart=/usr/lib/pilothouse/node /srv/shop.js
Restart=always
[Install]
WantedBy=multi-user.target
`;
const WELL = 'breaksAfterMs=99999999\n';
const POISONED = 'breaksAfterMs=3000\n';

const shopProbe = {
  name: 'shop',
  kind: 'http',
  url: `http://127.0.0.1:${WEB_PORT}/`,
  statusMin: 200,
  statusMax: 299,
  bodyHas: 'welcome',
  isInsecure: false,
  tries: 10,
  pauseMs: 300,
  timeoutMs: 2000,
} as const;

let installation: Installation;

before(async () => {
  installation = await install();
  const token = await installation.token({ usesMax: HOSTS, labels: { role: 'shop' } });
  await labUp({ count: HOSTS, distributions: ['debian-12'], token, say: () => undefined });
  await untilHosts(installation, `${HOSTS} hosts online`, (hosts) => {
    return hosts.filter((host) => host.presence.kind === 'online' && host.os !== null).length === HOSTS;
  });
  for (const name of NAMES) {
    await write(name, '/srv/shop.js', SHOP);
    await write(name, '/etc/systemd/system/shop.service', UNIT);
    await write(name, '/etc/shop.conf', WELL);
    await mustExec(name, ['systemctl', 'enable', '--now', 'shop.service']);
  }
});

after(async () => {
  await installation?.close();
});

const write = (host: string, path: string, text: string) =>
  mustExec(host, ['sh', '-c', 'printf %s "$1" > "$2"', 'sh', text, path]);
const read = async (host: string, path: string): Promise<string> =>
  (await execOnHost(host, ['cat', path])).stdout;
const isActive = async (host: string, unit: string): Promise<string> =>
  (await execOnHost(host, ['systemctl', 'is-active', unit])).stdout.trim();

async function start(plan: Partial<NewPlan> & Pick<NewPlan, 'actions'>, kind: 'run' | 'dry-run' = 'run') {
  const made = await installation.client.call(planRoutes.create, {
    body: { title: 'a change', target: { selector: 'label.role == "shop"' }, ...plan },
  });
  return installation.client.call(rolloutRoutes.start, { body: { planDigest: made.plan.digest, kind } });
}

const carryOut = async (...how: Parameters<typeof start>): Promise<Rollout> =>
  installation.ended((await start(...how)).id, 120_000);

async function rollBack(rollout: Rollout): Promise<Rollout> {
  const { rollout: undoing } = await installation.client.call(rolloutRoutes.rollback, {
    params: { rolloutId: rollout.id },
    body: {},
  });
  return installation.ended(undoing?.id ?? '', 120_000);
}

async function tasksOf(rollout: Rollout): Promise<Task[]> {
  const params = { rolloutId: rollout.id };
  const { items } = await installation.client.call(resultRoutes.tasks, { params, query: { limit: 100 } });
  return items;
}

/** How it ended on each host, for the message of an assertion. */
const endsOf = async (rollout: Rollout): Promise<string> =>
  JSON.stringify(
    (await tasksOf(rollout)).map(({ hostName, state, cause, outcome }) => [
      hostName,
      state,
      cause,
      outcome?.error,
    ]),
  );

test('a service is stopped where it runs, and a rollback starts it again, and only there', async () => {
  await mustExec('h5', ['systemctl', 'stop', 'shop.service']);

  const stopped = await carryOut({
    actions: [{ action: 'services.stop', parameters: { unit: 'shop.service' } }],
  });
  assert.equal(stopped.state, 'succeeded');
  assert.deepEqual(await Promise.all(NAMES.map((name) => isActive(name, 'shop.service'))), [
    ...NAMES.map(() => 'inactive'),
  ]);
  const unchanged = (await tasksOf(stopped)).filter((task) => task.outcome?.result?.['changed'] === false);
  assert.deepEqual(
    unchanged.map((task) => task.hostName),
    ['h5'],
  );

  const undone = await rollBack(stopped);
  assert.equal(undone.state, 'succeeded', JSON.stringify(undone.cause));
  assert.equal(undone.rollbackOf, stopped.id);
  assert.equal(await isActive('h1', 'shop.service'), 'active');
  assert.equal(await isActive('h5', 'shop.service'), 'inactive');
  await mustExec('h5', ['systemctl', 'start', 'shop.service']);
});

test('a dry run says what would change and changes nothing, and the run then changes just that', async () => {
  const actions = [{ action: 'services.disable', parameters: { unit: 'shop.service' } }];
  const predicted = await carryOut({ actions }, 'dry-run');
  assert.equal(predicted.state, 'succeeded');
  const enabled = await execOnHost('h1', ['systemctl', 'is-enabled', 'shop.service']);
  assert.equal(enabled.stdout.trim(), 'enabled');

  const done = await carryOut({ actions });
  assert.equal(done.state, 'succeeded', await endsOf(done));
  const changes = (rollout: Rollout) =>
    tasksOf(rollout).then((tasks) => tasks.map((task) => task.outcome?.result?.['changes']));
  assert.deepEqual(await changes(done), await changes(predicted));
  assert.equal((await rollBack(done)).state, 'succeeded');
  const again = await execOnHost('h1', ['systemctl', 'is-enabled', 'shop.service']);
  assert.equal(again.stdout.trim(), 'enabled');
});

test('a managed file is set, its drift is found, and its rollback is exact and harmless twice', async () => {
  await write('h1', '/etc/motd', 'by hand\n');
  await mustExec('h1', ['chmod', '0600', '/etc/motd']);
  const before = await read('h2', '/etc/motd');
  const set = await carryOut({
    actions: [
      {
        action: 'files.manage',
        parameters: {
          path: '/etc/motd',
          content: '{{ host.name }} belongs to {{ value.owner }}\n',
          isTemplate: true,
          values: { owner: 'shop' },
          mode: '0644',
        },
      },
    ],
  });
  assert.equal(set.state, 'succeeded', JSON.stringify(set.cause));
  assert.equal(await read('h3', '/etc/motd'), 'h3 belongs to shop\n');

  await write('h2', '/etc/motd', 'somebody was here\n');
  await collect('h2');
  const [finding] = await until('the finding of drift', 30_000, async () => {
    const { items } = await installation.client.call(findingsRoutes.list, {
      query: { kind: 'files.drifted', state: 'open' },
    });
    return items.length > 0 ? items : null;
  });
  assert.deepEqual(finding?.evidence, { path: '/etc/motd', drift: 'content' });
  await write('h2', '/etc/motd', 'h2 belongs to shop\n');

  const undone = await rollBack(set);
  assert.equal(undone.state, 'succeeded', JSON.stringify(undone.cause));
  assert.equal(await read('h1', '/etc/motd'), 'by hand\n');
  assert.equal((await mustExec('h1', ['stat', '-c', '%a', '/etc/motd'])).trim(), '600');
  assert.equal(await read('h2', '/etc/motd'), before);

  const twice = await rollBack(set);
  assert.equal(twice.state, 'succeeded', JSON.stringify(twice.cause));
  assert.equal(await read('h1', '/etc/motd'), 'by hand\n');
});

test('somebody else’s later change is not lost by a rollback: it halts and names the host', async () => {
  const set = await carryOut({
    actions: [{ action: 'files.manage', parameters: { path: '/etc/issue.net', content: 'one\n' } }],
  });
  await write('h4', '/etc/issue.net', 'two\n');

  const undone = await rollBack(set);

  assert.equal(undone.state, 'halted');
  const failed = (await tasksOf(undone)).filter((task) => task.state === 'failed');
  assert.deepEqual(
    failed.map((task) => [task.hostName, task.outcome?.error?.details['code']]),
    [['h4', 'FILES_CHANGED_SINCE']],
  );
  assert.equal(await read('h4', '/etc/issue.net'), 'two\n');
});

test('a file that its check refuses changes nothing; one that its reader does not take is put back', async () => {
  const refused = await carryOut({
    actions: [
      {
        action: 'files.manage',
        parameters: { path: '/etc/shop.conf', content: 'nonsense\n', validate: ['grep', '-q', '=', '%s'] },
      },
    ],
  });
  assert.equal(refused.state, 'halted');
  const codes = (await tasksOf(refused)).flatMap((task) => task.outcome?.error?.code ?? []);
  assert.deepEqual(new Set(codes), new Set(['FILES_VALIDATION_FAILED']));
  for (const name of NAMES) assert.equal(await read(name, '/etc/shop.conf'), WELL);

  const put = await carryOut({
    target: { selector: 'name == "h1"' },
    actions: [
      {
        action: 'files.manage',
        parameters: {
          path: '/etc/shop.conf',
          content: POISONED,
          after: [{ unit: 'no-such.service', verb: 'restart' }],
        },
      },
    ],
  });
  const [task] = await tasksOf(put);
  assert.equal(task?.outcome?.error?.code, 'FILES_RELOAD_FAILED');
  assert.equal(await read('h1', '/etc/shop.conf'), WELL);
});

test('several actions run in order, each under its condition', async () => {
  const write = (content: string) => [
    { action: 'files.manage', parameters: { path: '/etc/shop-motto', content } },
    { action: 'services.restart', parameters: { unit: 'shop.service' }, when: 'changed' as const },
  ];
  const first = await carryOut({ actions: write('forward\n') });
  const second = await carryOut({ actions: write('forward\n') });

  const kinds = async (rollout: Rollout) =>
    (await tasksOf(rollout)).map((task) => task.outcome?.actions?.map(({ kind }) => kind).join(','));
  assert.deepEqual(new Set(await kinds(first)), new Set(['succeeded,succeeded']));
  assert.deepEqual(new Set(await kinds(second)), new Set(['succeeded,passed-over']));
});

test('a host that was broken already is told apart from one that the change broke', async () => {
  await mustExec('h2', ['systemctl', 'stop', 'shop.service']);

  const rollout = await carryOut({
    actions: [{ action: 'files.manage', parameters: { path: '/etc/shop-motto', content: 'onward\n' } }],
    strategy: { probes: [{ ...shopProbe, tries: 2 }] },
  });

  const byHost = new Map((await tasksOf(rollout)).map((task) => [task.hostName, task]));
  assert.equal(byHost.get('h2')?.state, 'skipped');
  assert.equal(byHost.get('h2')?.cause?.code, 'TASK_PROBE_FAILING_BEFORE');
  assert.equal(await read('h2', '/etc/shop-motto'), 'forward\n');
  assert.equal(byHost.get('h1')?.state, 'succeeded');
  await mustExec('h2', ['systemctl', 'start', 'shop.service']);
});

test('a poisoned change that ends with success is stopped at the canary and undone by itself', async (t) => {
  const { latest } = await installation.client.call(eventsRoutes.list, { query: { limit: 1 } });
  const rollout = await start({
    title: 'faster shop',
    actions: [
      {
        action: 'files.manage',
        parameters: {
          path: '/etc/shop.conf',
          content: POISONED,
          after: [{ unit: 'shop.service', verb: 'restart' }],
        },
      },
    ],
    strategy: {
      waves: { kind: 'staged', canary: { hosts: 1 }, then: [{ percent: 100 }] },
      probes: [{ ...shopProbe, tries: 3 }],
      gates: [
        { kind: 'probes', name: 'shop answers', after: 'each', soakMs: 10_000, everyMs: 1000, failingMax: 0 },
      ],
      onFailure: 'rollback',
    },
  });

  const ended = await installation.ended(rollout.id, 120_000);

  const undoing = ended.rolledBackBy === null ? ended : await installation.ended(ended.rolledBackBy);
  assert.equal(ended.state, 'rolled-back', await endsOf(undoing));
  const tasks = await tasksOf(ended);
  const touched = tasks.filter((task) => task.state === 'succeeded');
  assert.equal(touched.length, 1, 'the canary alone, and its task had succeeded');
  const untouched = tasks.filter((task) => task.state !== 'succeeded');
  assert.ok(untouched.every((task) => task.state === 'cancelled' && task.startedAt === null));
  for (const name of NAMES) assert.equal(await read(name, '/etc/shop.conf'), WELL, name);
  await until('the shop on the canary', 20_000, async () => {
    const answer = await execOnHost(touched[0]?.hostName ?? '', [
      '/usr/lib/pilothouse/node',
      '-e',
      `fetch('http://127.0.0.1:${WEB_PORT}/').then((r) => process.exit(r.status === 200 ? 0 : 1))`,
    ]);
    return answer.exitCode === 0;
  });
  const { items } = await installation.client.call(eventsRoutes.list, {
    query: { after: latest, limit: 500, type: 'rollouts.*' },
  });
  for (const { at, type, data } of items)
    t.diagnostic(`${at} ${type} ${JSON.stringify({ state: data['state'], code: data['code'] })}`);
});

/** A host looks every five minutes, and at once when its list of managed files is touched. */
const collect = (name: string) => mustExec(name, ['touch', MANAGED_LIST]);

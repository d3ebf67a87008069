/**
 * The main job on eight real hosts, and what goes wrong at 3 a.m. One installation and one lab serve all the stories of this
 * file, in order: each leaves the fleet as it found it.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ProblemError } from '@pilothouse/client';
import {
  enrolmentRoutes,
  factsRoutes,
  hostsRoutes,
  isAppError,
  type Rollout,
  resultRoutes,
  rolloutRoutes,
  selectRoutes,
  stopRoutes,
  type Task,
} from '@pilothouse/contract';
import { until } from '@pilothouse/testkit';
import { baseImage } from '../base-image.ts';
import { bootHost, cloneHost, cutPower, makeHost, removeHost } from '../host.ts';
import { enrolHost, labUp, mustExec } from '../lab.ts';
import { plugHost, unplugHost } from '../network.ts';
import { type Installation, install, untilHosts } from './installation.ts';

const HOSTS = 8;
const all = 'true';
const quiet = (): void => undefined;

let installation: Installation;

before(async () => {
  installation = await install();
  const token = await installation.token({ usesMax: HOSTS, labels: { site: 'bj1' } });
  await labUp({ count: HOSTS, distributions: ['debian-12', 'rpm-host'], token, say: quiet });
  await untilOnline(HOSTS);
});

after(async () => {
  await installation.close();
});

const untilOnline = (count: number) =>
  untilHosts(installation, `${count} hosts online`, (hosts) => {
    return (
      hosts.filter((host) => host.presence.kind === 'online' && host.state === 'active').length === count
    );
  });

async function tasksOf(rollout: Rollout): Promise<Task[]> {
  const page = await installation.client.call(resultRoutes.tasks, {
    params: { rolloutId: rollout.id },
    query: { limit: 1000 },
  });
  return page.items;
}

async function label(name: string, set: Record<string, string>): Promise<void> {
  await installation.client.call(hostsRoutes.labels, {
    body: { target: { selector: `name == "${name}"` }, set, unset: [], isPreview: false },
  });
}

/** Waits until so many tasks of a rollout have started on their hosts. */
const untilRunning = (rollout: Rollout, count: number) =>
  until(`${count} tasks running`, 30_000, async () => {
    const now = await installation.client.call(rolloutRoutes.get, { params: { rolloutId: rollout.id } });
    return now.counts.running >= count ? now : null;
  });

test('eight hosts enrol with one token, and facts of both package systems arrive', async () => {
  const hosts = await until('the os of every host', 60_000, async () => {
    const known = await installation.hosts();
    return known.every((host) => host.os !== null) ? known : null;
  });

  assert.equal(hosts.length, HOSTS);
  assert.deepEqual(new Set(hosts.map((host) => host.os?.id)), new Set(['debian', 'openEuler']));
  assert.ok(hosts.every((host) => host.labels['site'] === 'bj1'));
});

test('labels and facts select, and the same answer is shown once', async () => {
  await label('h1', { role: 'web' });
  await label('h2', { role: 'web' });

  const rollout = await installation.ended(
    (await installation.run('label.role == "web"', 'echo same for all')).id,
  );

  assert.equal(rollout.state, 'succeeded');
  assert.equal(rollout.counts.succeeded, 2);
  const groups = await installation.client.call(resultRoutes.groups, { params: { rolloutId: rollout.id } });
  assert.equal(groups.items.length, 1);
  assert.equal(groups.items[0]?.hostsCount, 2);
  assert.equal(groups.items[0]?.preview?.stdout, 'same for all\n');
});

test('a package condition is decided in the order of each host', async () => {
  const run = await installation.run('pkg("demo-web").version < "1:2.4.60"', 'hostname');

  const rollout = await installation.ended(run.id);

  assert.equal(rollout.counts.succeeded, HOSTS / 2);
});

test('a package that goes from a host is missed within a minute, and the day before still shows it', async () => {
  const before = new Date().toISOString();
  await mustExec('h1', ['dpkg', '--force-all', '--purge', 'cron']);

  await until('the packages of h1 without cron', 60_000, async () => {
    const query = { selector: 'name == "h1" && !pkg("cron").installed' };
    return (await installation.client.call(selectRoutes.check, { query })).matched === 1;
  });

  const then = await installation.client.call(factsRoutes.get, {
    params: { host: 'h1', fact: 'packages' },
    query: { asOf: before },
  });
  assert.match(JSON.stringify(then.body), /"name":"cron"/);
});

test('a command that fails on some hosts says where and with what', async () => {
  const run = await installation.run(all, 'case $(hostname) in h3) echo broken >&2; exit 7;; esac');

  const rollout = await installation.ended(run.id);

  assert.equal(rollout.counts.failed, 1);
  const failed = (await tasksOf(rollout)).find((task) => task.state === 'failed');
  assert.equal(failed?.hostName, 'h3');
  assert.equal(failed?.outcome?.exitCode, 7);
});

test('the server dies in the middle of a run: every result exactly once', async () => {
  const run = await installation.run(all, 'echo x >> /var/tmp/ran-once; sleep 3; hostname', {
    inFlightMax: 4,
  });
  await untilRunning(run, 3);

  await installation.crash();
  const rollout = await installation.ended(run.id);

  assert.equal(rollout.counts.succeeded, HOSTS);
  for (let n = 1; n <= HOSTS; n++) {
    assert.equal(await mustExec(`h${n}`, ['cat', '/var/tmp/ran-once']), 'x\n', `h${n} ran once`);
  }
});

test('an agent dies in the middle of a task: its outcome is unknown, and it is not run again', async () => {
  const run = await installation.run('name == "h4"', 'echo x >> /var/tmp/ran-unknown; echo so far; sleep 20');
  await untilRunning(run, 1);
  await until('the command to have begun', 10_000, async () => {
    return (await mustExec('h4', ['sh', '-c', 'cat /var/tmp/ran-unknown 2>/dev/null || true'])) !== '';
  });

  await mustExec('h4', [
    'systemctl',
    'kill',
    '--signal=SIGKILL',
    '--kill-whom=main',
    'pilothouse-agent.service',
  ]);
  const rollout = await installation.ended(run.id);

  const [task] = await tasksOf(rollout);
  assert.equal(task?.state, 'unknown');
  assert.equal(task?.outcome?.kind, 'unknown');
  await untilOnline(HOSTS);
  assert.equal(await mustExec('h4', ['cat', '/var/tmp/ran-unknown']), 'x\n');
});

test('a host without network is offline within 30 s, and does its task when it is back', async () => {
  await unplugHost('h5');
  const unplugged = Date.now();
  await untilHosts(
    installation,
    'h5 offline',
    (hosts) => hosts.find((host) => host.name === 'h5')?.presence.kind === 'offline',
    40_000,
  );
  assert.ok(Date.now() - unplugged < 30_000, 'seen within 30 s');
  const run = await installation.run('name == "h5"', 'hostname', { offline: 'wait' });

  await plugHost('h5');
  const rollout = await installation.ended(run.id, 120_000);

  assert.equal(rollout.counts.succeeded, 1);
});

test('an emergency stop holds what has not started, and lifting it lets the rollout go on', async () => {
  const run = await installation.run(all, 'sleep 2; hostname', { inFlightMax: 2 });
  await untilRunning(run, 2);

  const { stop } = await installation.client.call(stopRoutes.create, { body: { reason: 'story' } });
  const held = await until('running tasks to end', 30_000, async () => {
    const now = await installation.client.call(rolloutRoutes.get, { params: { rolloutId: run.id } });
    return now.counts.running + now.counts.offered === 0 ? now : null;
  });

  assert.equal(held.endedAt, null);
  assert.ok(held.counts.pending >= HOSTS - 4, `${held.counts.pending} wait`);
  await installation.client.call(stopRoutes.clear, { params: { stopId: stop.id } });
  const rollout = await installation.ended(run.id);
  assert.equal(rollout.counts.succeeded, HOSTS);
});

/** The server ends a rotation by itself once every host has moved, perhaps between our look and our word. */
const retired = (kind: 'envelope' | 'ca') =>
  installation.client.call(enrolmentRoutes.retireTrust, { body: { kind } }).catch((cause: unknown) => {
    if (!(cause instanceof ProblemError && cause.code === 'ENROL_NO_ROTATION')) throw cause;
  });

test('authority and envelope key rotate under the running fleet', async () => {
  for (const kind of ['envelope', 'ca'] as const) {
    await installation.client.call(enrolmentRoutes.rotateTrust, { body: { kind } });
    await until(`every host to know the new ${kind} key`, 90_000, async () => {
      const { rotations } = await installation.client.call(enrolmentRoutes.trustStatus);
      return rotations.every((rotation) => rotation.hostsNotMovedCount === 0);
    });
    const { rotations } = await installation.client.call(enrolmentRoutes.trustStatus);
    if (rotations.length > 0) await retired(kind);
    const rollout = await installation.ended((await installation.run(all, 'hostname')).id);
    assert.equal(rollout.counts.succeeded, HOSTS, `after the rotation of ${kind}`);
  }
});

test('a host whose power is cut is not taken for a clone', async () => {
  await cutPower('h6');
  await bootHost('h6');

  const hosts = await untilOnline(HOSTS);

  assert.equal(hosts.find((host) => host.name === 'h6')?.quarantine, null);
});

test('a cloned host is quarantined, both of it', async () => {
  await cloneHost('h7', 'h9');

  await untilHosts(installation, 'h7 in quarantine', (hosts) => {
    return hosts.some((host) => host.name === 'h7' && host.quarantine?.reason === 'clone');
  });
  const run = await installation.run('name == "h8" || name == "h7"', 'hostname');
  const rollout = await installation.ended(run.id);

  assert.equal(rollout.counts.succeeded, 1, 'nothing is offered to either');
  await removeHost('h9');
  await installation.client.call(hostsRoutes.release, { params: { host: 'h7' } });
  await untilOnline(HOSTS);
});

test('a reinstalled host takes the place of the old one when a person says so', async () => {
  const old = (await installation.hosts()).find((host) => host.name === 'h8');
  const machineId = (await mustExec('h8', ['cat', '/etc/machine-id'])).trim();
  await label('h8', { rack: 'r07' });
  await removeHost('h8');
  await makeHost({ name: 'h8', base: await baseImage('rpm-host', quiet), machineId });
  await bootHost('h8');
  await enrolHost('h8', await installation.token({ usesMax: 1 }));

  const pending = await until('the offer to replace', 30_000, async () => {
    const { items } = await installation.client.call(enrolmentRoutes.listPending);
    return items.find((item) => item.replaces?.name === 'h8');
  });
  await installation.client.call(enrolmentRoutes.acceptPending, {
    params: { hostId: pending.host.id },
    body: { replace: true },
  });
  const hosts = await untilOnline(HOSTS);

  const replaced = hosts.find((host) => host.name === 'h8');
  assert.equal(replaced?.id, old?.id);
  assert.equal(replaced?.labels['rack'], 'r07');
  const rollout = await installation.ended((await installation.run('name == "h8"', 'hostname')).id);
  assert.equal(rollout.counts.succeeded, 1);
});

test('a used-up token and a wrong one are refused with their codes', async () => {
  const token = await installation.token({ usesMax: 1 });
  const enrol = (text: string, directory: string) =>
    mustExec('h1', ['pilothouse-agent', 'enrol', '--data', directory, '--token', text]);
  await enrol(token, '/var/tmp/second');

  await assert.rejects(enrol(token, '/var/tmp/third'), /ENROL_TOKEN_USED_UP/);
  await assert.rejects(enrol(`${token.slice(0, -8)}AAAAAAA=`, '/var/tmp/fourth'), /ENROL_TOKEN|AGENT_TOKEN/);
});

test('a revoked host is cut off and stays out', async () => {
  const host = (await installation.hosts()).find((candidate) => candidate.name === 'h2');
  await installation.client.call(enrolmentRoutes.revokeHost, {
    params: { hostId: host?.id ?? '' },
    body: { reason: 'story' },
  });

  await untilHosts(installation, 'h2 offline', (hosts) => {
    const now = hosts.find((candidate) => candidate.id === host?.id);
    return now === undefined || now.presence.kind === 'offline';
  });

  await mustExec('h2', ['systemctl', 'restart', 'pilothouse-agent.service']);
  const rollout = await installation.ended((await installation.run('name == "h1"', 'hostname')).id);
  assert.equal(rollout.counts.succeeded, 1, 'the others go on');
});

test('a selector with a slip is answered with its column', async () => {
  await assert.rejects(
    () => installation.run('lable.role == "web"', 'true'),
    (error) => isAppError(error) && error.code === 'SELECTOR_INVALID' && error.details['column'] === 1,
  );
});

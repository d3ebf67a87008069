/**
 * Hosts that go down and come back, for real: systemd, boot id, network and agent of their own. One installation serves all
 * stories of this file.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Probe, type Rollout, resultRoutes, rolloutRoutes, type Task } from '@pilothouse/contract';
import { until } from '@pilothouse/testkit';
import { labUp, mustExec } from '../lab.ts';
import { type Installation, install, untilHosts } from './installation.ts';

const HOSTS = 2;
let installation: Installation;

before(async () => {
  installation = await install();
  const token = await installation.token({ usesMax: HOSTS });
  await labUp({ count: HOSTS, distributions: ['debian-12'], token, say: () => undefined });
  await untilHosts(installation, 'both hosts online', (hosts) => {
    return hosts.filter((host) => host.presence.kind === 'online').length === HOSTS;
  });
});
after(() => installation.close());

const bootIdOf = (name: string): Promise<string> =>
  mustExec(name, ['cat', '/proc/sys/kernel/random/boot_id']);

async function reboot(selector: string, returnWithinMs: number, probes: Probe[] = []): Promise<Rollout> {
  const parameters = { reason: 'a story', returnWithinMs };
  const { rollout } = await installation.client.call(rolloutRoutes.run, {
    body: {
      title: 'reboot',
      target: { selector },
      actions: [{ action: 'host.reboot', parameters }],
      strategy: { inFlightMax: 1, ...(probes.length === 0 ? {} : { probes }) },
    },
  });
  return installation.ended(rollout.id, 240_000);
}

/** With their outcomes, which are on disk a moment after the rollout is seen to have ended. */
const tasksOf = (rollout: Rollout): Promise<Task[]> =>
  until('the outcomes of all tasks', 10_000, async () => {
    const tasks = await listTasks(rollout);
    return tasks.every(({ outcome }) => outcome !== null) ? tasks : null;
  });

async function listTasks(rollout: Rollout): Promise<Task[]> {
  const query = { limit: 10 };
  return (await installation.client.call(resultRoutes.tasks, { params: { rolloutId: rollout.id }, query }))
    .items;
}

test('two hosts reboot one after the other: done is a new boot, a session and passing probes', async () => {
  const before = [await bootIdOf('h1'), await bootIdOf('h2')];
  const probe: Probe = {
    name: 'agent',
    kind: 'unit',
    unit: 'pilothouse-agent.service',
    tries: 5,
    pauseMs: 1000,
    timeoutMs: 5000,
  };

  const rollout = await reboot('true', 120_000, [probe]);

  const tasks = await tasksOf(rollout);
  assert.equal(rollout.counts.succeeded, HOSTS, JSON.stringify(tasks.map(({ outcome }) => outcome)));
  assert.notEqual(await bootIdOf('h1'), before[0]);
  assert.notEqual(await bootIdOf('h2'), before[1]);
  assert.ok(tasks.every(({ outcome }) => outcome?.probes?.after[0]?.isPassing === true));
  // One at a time: the second began when the first had ended.
  const [first, second] = tasks.toSorted(
    (a, b) => Date.parse(a.startedAt ?? '') - Date.parse(b.startedAt ?? ''),
  );
  assert.ok(Date.parse(second?.startedAt ?? '') >= Date.parse(first?.endedAt ?? ''));
});

test('a host that needs longer than it was given is back, and its task has failed with that', async () => {
  const delay = '[Service]\\nExecStartPre=/bin/sleep 20\\nTimeoutStartSec=60\\n';
  const folder = '/etc/systemd/system/pilothouse-agent.service.d';
  await mustExec('h1', ['sh', '-c', `mkdir -p ${folder} && printf '${delay}' > ${folder}/late.conf`]);

  const rollout = await reboot('name == "h1"', 10_000);

  const [task] = await tasksOf(rollout);
  assert.equal(task?.state, 'failed');
  assert.equal(task?.outcome?.error?.code, 'REBOOT_RETURNED_LATE');
});

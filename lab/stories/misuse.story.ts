/**
 * What people ask for by mistake, what hosts run into, and what a person may not do: each is answered with a code, a cause
 * and a next step, and the rest of the fleet goes on. The stories leave the fleet as they found it; the last one moves time.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  findingsRoutes,
  hostsRoutes,
  isAppError,
  planRoutes,
  type Rollout,
  resultRoutes,
  roleRoutes,
  rolloutRoutes,
  sessionRoutes,
  type Task,
  userRoutes,
} from '@pilothouse/contract';
import { enrolSimulated, until } from '@pilothouse/testkit';
import { execOnHost } from '../host.ts';
import { labUp, mustExec } from '../lab.ts';
import { commandLineOf } from './command-line.ts';
import { type Installation, install, untilHosts } from './installation.ts';
import { shiftAgentClock, shiftedClock } from './shifted-clock.ts';

const HOSTS = 3;
const MEBIBYTE = 1024 * 1024;
const PASSWORD = 'correct horse battery';

let installation: Installation;
let administrator: ReturnType<typeof commandLineOf>;

before(async () => {
  installation = await install();
  administrator = commandLineOf(installation, installation.apiToken);
  const token = await installation.token({ usesMax: HOSTS });
  await labUp({ count: HOSTS, distributions: ['debian-12'], token, say: () => undefined });
  await untilOnline('h1', 'h2', 'h3');
  await installation.client.call(hostsRoutes.labels, {
    body: { target: { selector: 'name == "h1"' }, set: { role: 'web' }, unset: [], isPreview: false },
  });
});

after(async () => {
  await installation?.close();
});

const untilOnline = (...names: string[]) =>
  untilHosts(installation, `${names.join(', ')} online`, (hosts) =>
    names.every((name) => hosts.some((host) => host.name === name && host.presence.kind === 'online')),
  );

async function onlyTask(rollout: Rollout): Promise<Task> {
  const { items } = await installation.client.call(resultRoutes.tasks, {
    params: { rolloutId: rollout.id },
    query: { limit: 10 },
  });
  assert.equal(items.length, 1);
  return items[0] as Task; // Its length was just checked.
}

/** Runs a shell line on one host and gives its task when the rollout has ended. */
async function taskOn(host: string, shell: string, taskTimeoutMs = 60_000): Promise<Task> {
  const run = await installation.run(`name == "${host}"`, shell, { taskTimeoutMs });
  return onlyTask(await installation.ended(run.id));
}

const isRunning = async (rollout: Rollout): Promise<boolean> =>
  (await installation.client.call(rolloutRoutes.get, { params: { rolloutId: rollout.id } })).counts.running >
  0;

const hasFile = async (host: string, path: string): Promise<boolean> =>
  (await execOnHost(host, ['test', '-s', path])).exitCode === 0;

const codeOf = (task: Task): string | undefined => task.outcome?.error?.code ?? task.cause?.code;

/** The most memory the server ever held. */
const serverPeakBytes = (): number =>
  Number(
    /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${installation.server().pid}/status`, 'utf8'))?.[1],
  ) * 1024;

test('a flood of output is cut at its cap and says so, and neither the server nor other hosts mind', async () => {
  const enough = '/var/tmp/enough';
  const flood = `n=0; while [ $n -lt 10 ] || [ ! -e ${enough} ]; do yes 0123456789 | head -c 10000000; n=$((n+1)); done`;
  const peakBefore = serverPeakBytes();
  const run = await installation.run('name == "h1"', flood);
  await until('the flood to run', 30_000, () => isRunning(run));

  const other = await taskOn('h2', 'echo calm');
  const isStillFlooding = await isRunning(run);
  await mustExec('h1', ['touch', enough]);
  const task = await onlyTask(await installation.ended(run.id));
  const shown = await administrator('rollout', 'output', run.id, 'h1');

  assert.equal(other.state, 'succeeded');
  assert.ok(isStillFlooding, 'the other host was served meanwhile');
  assert.equal(task.state, 'succeeded');
  const { sizeBytes = 0, cutBytes = 0 } = task.outcome?.output ?? {};
  assert.ok(sizeBytes > MEBIBYTE / 2 && sizeBytes < 2 * MEBIBYTE, `${sizeBytes} bytes kept`);
  assert.ok(cutBytes >= 100_000_000 - MEBIBYTE, `${cutBytes} bytes cut`);
  assert.match(shown.out + shown.err, new RegExp(`${cutBytes}`), 'a reader is told how much is missing');
  const grownBytes = serverPeakBytes() - peakBefore;
  assert.ok(grownBytes < 64 * MEBIBYTE, `the server grew by ${Math.round(grownBytes / MEBIBYTE)} MiB`);
});

test('a request body of 10 MB is refused with the limit', async () => {
  const request = installation.run('true', 'x'.repeat(10_000_000));

  await assert.rejects(request, (error) => {
    assert.ok(isAppError(error), String(error));
    assert.equal(error.code, 'BODY_TOO_LARGE');
    assert.equal(error.details['limitBytes'], MEBIBYTE);
    return true;
  });
});

test('targets that vanished between plan and start are skipped, and each says why', async () => {
  const token = await installation.token({ usesMax: 1 });
  const { hostId } = await enrolSimulated(token, 'vanished');
  const { plan } = await installation.client.call(planRoutes.create, {
    body: {
      title: 'too late',
      target: { selector: 'name == "vanished" || label.role == "web"' },
      actions: [{ action: 'commands.run', parameters: { argv: ['true'] } }],
    },
  });
  const setRole = (set: Record<string, string>, unset: string[]) =>
    installation.client.call(hostsRoutes.labels, {
      body: { target: { selector: 'name == "h1"' }, set, unset, isPreview: false },
    });
  await installation.client.call(hostsRoutes.decommission, {
    params: { host: hostId },
    body: { reason: 'story' },
  });
  await setRole({}, ['role']);

  const started = await installation.client.call(rolloutRoutes.start, { body: { planDigest: plan.digest } });
  const rollout = await installation.ended(started.id);
  await setRole({ role: 'web' }, []);
  const shown = await administrator('rollout', 'tasks', rollout.id);
  const again = await administrator('run', '-s', 'name == "vanished"', '--yes', '--', 'true');

  assert.equal(rollout.counts.skipped, 2);
  assert.deepEqual([rollout.state, rollout.cause.code], ['failed', 'ROLLOUT_NOTHING_RAN']);
  assert.match(shown.out, /was decommissioned/);
  assert.equal(again.exit, 3, again.out);
  assert.match(again.err, /PLAN_NO_TARGETS/);
  const { items } = await installation.client.call(resultRoutes.tasks, {
    params: { rolloutId: rollout.id },
    query: { limit: 10 },
  });
  const causes = Object.fromEntries(items.map((task) => [task.hostName, task.cause?.code]));
  assert.deepEqual(causes, { vanished: 'TASK_HOST_GONE', h1: 'TASK_NO_LONGER_MATCHES' });
});

test('a script without a parameter it needs is refused by its name, a command that is not there by its own', async () => {
  const file = join(installation.dataDirectory, 'head.sh');
  writeFileSync(file, 'head "$PARAM_FILE"\n');
  const saved = await administrator('script', 'save', 'head-of', file, '--parameter', 'file:string!');
  assert.equal(saved.exit, 0, saved.err);

  const script = await administrator('script', 'run', 'head-of', '--version', '1', '--host', 'h1', '--yes');
  const command = await administrator('run', '--host', 'h1', '--yes', '--', 'no-such-program', 'x');

  assert.equal(script.exit, 3, script.err);
  assert.match(script.err, /COMMANDS_PARAMETER_MISSING/);
  assert.match(script.err, /file/);
  assert.equal(command.exit, 1);
  assert.match(command.out, /no-such-program/);
  assert.match(command.out, /COMMANDS_NOT_FOUND/);
});

test('a time limit ends every process the command had started, also those that stepped aside', async () => {
  const line =
    'sleep 98765 & setsid sleep 98765 & (setsid nohup sh -c "sleep 98765; true" >/dev/null 2>&1 &) ; sleep 98765';

  const task = await taskOn('h1', line, 2_000);

  assert.equal(task.outcome?.kind, 'timed-out');
  assert.equal((await execOnHost('h1', ['pgrep', '-f', 'sleep 98765'])).stdout, '');
  const units = await mustExec('h1', [
    'systemctl',
    'list-units',
    '--all',
    '--plain',
    '--no-legend',
    'pilothouse-task-*',
  ]);
  assert.equal(units, '');
});

test('a restart of the agent leaves a running command alone, and its outcome is unknown', async () => {
  const line =
    'echo x >> /var/tmp/begun; until [ -e /var/tmp/go-on ]; do sleep 0.1; done; echo x >> /var/tmp/finished';
  const run = await installation.run('name == "h2"', line);
  await until('the command to have begun', 10_000, () => hasFile('h2', '/var/tmp/begun'));

  await mustExec('h2', ['systemctl', 'restart', 'pilothouse-agent.service']);
  const task = await onlyTask(await installation.ended(run.id));
  await mustExec('h2', ['touch', '/var/tmp/go-on']);
  await until('the command to finish by itself', 10_000, () => hasFile('h2', '/var/tmp/finished'));

  assert.equal(task.state, 'unknown');
  assert.equal(codeOf(task), 'TASK_OUTCOME_UNKNOWN');
  assert.equal(await mustExec('h2', ['cat', '/var/tmp/begun']), 'x\n', 'it was not run again');
  assert.equal((await taskOn('h2', 'true')).state, 'succeeded');
});

test('a host that its own people put on hold takes no task until they release it', async () => {
  await mustExec('h2', ['pilothouse-agent', 'hold', 'work on the rack']);
  const refused = await taskOn('h2', 'touch /var/tmp/held');

  await mustExec('h2', ['pilothouse-agent', 'release']);
  const taken = await until('h2 to take tasks', 60_000, async () => {
    const task = await taskOn('h2', 'true');
    return task.state === 'succeeded' ? task : null;
  });

  // Which of the two depends on whether a heartbeat has told the server yet.
  assert.match(codeOf(refused) ?? '', /^TASK_HOST_(HELD|ON_HOLD)$/);
  assert.equal(await hasFile('h2', '/var/tmp/held'), false);
  assert.equal(taken.state, 'succeeded');
});

test('on a full disk the agent refuses tasks with the reason and keeps its session', async () => {
  const data = '/var/lib/pilothouse-agent';
  const onHost = (script: string) => mustExec('h2', ['sh', '-ec', script]);
  const swap =
    'systemctl stop pilothouse-agent; cp -a DATA /var/tmp/agent-data; mount -t tmpfs -o size=40m,mode=0700 tmpfs DATA; cp -a /var/tmp/agent-data/. DATA; systemctl start pilothouse-agent';
  await onHost(swap.replaceAll('DATA', data));
  await untilOnline('h2');
  await onHost(`dd if=/dev/zero of=${data}/ballast bs=64k 2>/dev/null || true`);

  const refused = await taskOn('h2', 'touch /var/tmp/no-room');
  const [h2] = (await untilOnline('h2')).filter((host) => host.name === 'h2');
  await onHost(`rm ${data}/ballast`);
  const taken = await taskOn('h2', 'true');
  await onHost(
    `systemctl stop pilothouse-agent; cp -a ${data}/. /var/tmp/agent-data; umount ${data}; cp -a /var/tmp/agent-data/. ${data}; systemctl start pilothouse-agent`,
  );
  await untilOnline('h2');

  assert.equal(codeOf(refused), 'TASK_DISK_FULL');
  assert.equal(await hasFile('h2', '/var/tmp/no-room'), false);
  assert.equal(h2?.presence.kind, 'online');
  assert.equal(taken.state, 'succeeded');
});

test('a host whose clock is a day off is a finding and takes no task until the clock is right', async () => {
  const findings = async (state: 'open' | 'resolved') =>
    (await installation.client.call(findingsRoutes.list, { query: { kind: 'gateway.clock-skew', state } }))
      .items;
  await shiftAgentClock('h3', '+1d');
  const [finding] = await until('the finding', 30_000, async () => {
    const open = await findings('open');
    return open.length > 0 ? open : null;
  });

  const refused = await taskOn('h3', 'touch /var/tmp/wrong-time');
  await shiftAgentClock('h3', null);
  await until('the finding to be resolved', 30_000, async () => (await findings('open')).length === 0);
  const taken = await taskOn('h3', 'true');

  assert.ok(
    Math.abs(Number(finding?.evidence['skewSeconds']) - 86_400) < 60,
    JSON.stringify(finding?.evidence),
  );
  assert.equal(codeOf(refused), 'TASK_CLOCK_WRONG');
  assert.equal(await hasFile('h3', '/var/tmp/wrong-time'), false);
  assert.equal(taken.state, 'succeeded');
});

/** A token of a new person with one role. */
async function newPerson(name: string, role: string): Promise<string> {
  await installation.client.call(userRoutes.create, { body: { name, password: PASSWORD, roles: [role] } });
  const signedIn = await installation
    .clientFor(null)
    .call(sessionRoutes.signIn, { body: { name, password: PASSWORD, tokenName: 'story' } });
  return signedIn.token ?? '';
}

test('whoever holds a role over some hosts sees and runs there alone', async () => {
  const permissions = ['hosts.read', 'facts.read', 'rollouts.read', 'rollouts.start', 'commands.run'];
  const grants = [{ permissions, hosts: 'label.role == "web"', effectMax: 'destructive' as const }];
  await installation.client.call(roleRoutes.create, { body: { name: 'web-ops', description: '', grants } });
  const grace = commandLineOf(installation, await newPerson('grace', 'web-ops'));

  const hosts = await grace('hosts', '--json');
  const everywhere = await grace('run', '--all', '--yes', '--json', '--', 'hostname');
  const bySelector = await grace('run', '-s', 'name == "h2"', '--yes', '--', 'hostname');
  const byName = await grace('run', '--host', 'h2', '--yes', '--', 'hostname');
  const facts = await grace('facts', 'h2', 'os');

  assert.deepEqual(
    JSON.parse(hosts.out).map((host: { name: string }) => host.name),
    ['h1'],
  );
  assert.equal(everywhere.exit, 0, everywhere.err);
  assert.match(everywhere.out, /h1/);
  assert.doesNotMatch(everywhere.out, /h2|h3/);
  assert.equal(bySelector.exit, 3, bySelector.out);
  assert.match(bySelector.err, /PLAN_NO_TARGETS/);
  for (const refused of [byName, facts]) {
    assert.equal(refused.exit, 3, refused.out);
    assert.match(refused.err, /NOT_FOUND|HOST_UNKNOWN/, 'as if it did not exist');
  }
});

test('a reader sees everything and runs nothing', async () => {
  const rob = commandLineOf(installation, await newPerson('rob', 'reader'));

  const hosts = await rob('hosts', '--json');
  const run = await rob(
    'run',
    '--host',
    'h1',
    '--effect',
    'read',
    '--yes',
    '--',
    'touch',
    '/var/tmp/by-reader',
  );

  assert.equal(JSON.parse(hosts.out).length, HOSTS);
  assert.equal(run.exit, 3, run.out);
  assert.match(run.err, /FORBIDDEN/);
  assert.equal(await hasFile('h1', '/var/tmp/by-reader'), false);
});

test('a host that slept until its certificate had expired comes back by renewing it', async () => {
  const certificate = () => mustExec('h3', ['sha256sum', '/var/lib/pilothouse-agent/identity.json']);
  const before = await certificate();
  await mustExec('h3', ['systemctl', 'stop', 'pilothouse-agent.service']);
  await untilHosts(installation, 'h3 offline', (hosts) =>
    hosts.some((host) => host.name === 'h3' && host.presence.kind === 'offline'),
  );

  // Two months later, for the server and for the host.
  await installation.crash(await shiftedClock('+61d'));
  await shiftAgentClock('h3', '+61d');
  await untilOnline('h3');
  const task = await taskOn('h3', 'true');

  assert.match(installation.server().log(), /renewed a host that had to.*expired/);
  assert.notEqual(await certificate(), before);
  assert.equal(task.state, 'succeeded');
});

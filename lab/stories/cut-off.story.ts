/**
 * Changes that cut a real host off from everything: a wrong address, a blocked server. Nobody can reach the host to say that it was
 * wrong, so it takes the change back by itself, also when its agent was killed or its power failed in between.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventsRoutes, planRoutes, type Rollout, resultRoutes, rolloutRoutes } from '@pilothouse/contract';
import { until } from '@pilothouse/testkit';
import { bootHost, cutPower, execOnHost } from '../host.ts';
import { labUp, mustExec } from '../lab.ts';
import { BRIDGE_ADDRESS, hostAddress, NETWORK_PREFIX_LENGTH } from '../places.ts';
import { type Installation, install, untilHosts } from './installation.ts';

const NAMES = ['h1', 'h2', 'h3'];
const CONFIRM_WITHIN_MS = 20_000;
/** From the cut to the host's word about it: the confirmation's time, an undo, and the agent's pause between attempts. */
const BACK_WITHIN_MS = 120_000;

const SETTINGS = '/etc/fleet-network';
const APPLY = `#!/bin/sh
# Sets the host's one address, its gateway, and one address that may not be reached.
set -e
. ${SETTINGS}
ip addr flush dev eth0 scope global
ip addr add "$ADDRESS" dev eth0
ip route flush type unreachable
ip route replace default via "$GATEWAY"
[ -z "$BLOCKED" ] || ip route replace unreachable "$BLOCKED"
`;
const UNIT = `[Unit]
Before=pilothouse-agent.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/fleet-network
[Install]
WantedBy=multi-user.target
`;

interface Settings {
  readonly address: string;
  readonly gateway?: string;
  readonly blocked?: string;
}
const settings = ({ address, gateway = BRIDGE_ADDRESS, blocked = '' }: Settings): string =>
  `ADDRESS=${address}\nGATEWAY=${gateway}\nBLOCKED=${blocked}\n`;
const rightAddress = (name: string): string => `${hostAddress(name)}/${NETWORK_PREFIX_LENGTH}`;
const right = (name: string): string => settings({ address: rightAddress(name) });
/** A network of documentation: nothing answers there. */
const WRONG_ADDRESS = settings({ address: '192.0.2.7/24', gateway: '192.0.2.1' });

let installation: Installation;

before(async () => {
  installation = await install();
  const token = await installation.token({ usesMax: NAMES.length });
  await labUp({ count: NAMES.length, distributions: ['debian-12'], token, say: () => undefined });
  await untilOnline();
  for (const name of NAMES) {
    await write(name, '/usr/local/sbin/fleet-network', APPLY);
    await mustExec(name, ['chmod', '755', '/usr/local/sbin/fleet-network']);
    await write(name, '/etc/systemd/system/fleet-network.service', UNIT);
    await write(name, SETTINGS, right(name));
    await mustExec(name, ['systemctl', 'enable', '--now', 'fleet-network.service']);
  }
});

after(async () => {
  await installation?.close();
});

const untilOnline = () =>
  untilHosts(
    installation,
    'all hosts online',
    (hosts) =>
      hosts.filter((host) => host.presence.kind === 'online' && host.os !== null).length === NAMES.length,
    BACK_WITHIN_MS,
  );
const write = (host: string, path: string, text: string) =>
  mustExec(host, ['sh', '-c', 'printf %s "$1" > "$2"', 'sh', text, path]);
const settingsOf = async (host: string): Promise<string> =>
  (await execOnHost(host, ['cat', SETTINGS])).stdout;
const canReachServer = async (host: string): Promise<boolean> =>
  (await execOnHost(host, ['ip', 'route', 'get', BRIDGE_ADDRESS])).stdout.includes(hostAddress(host));

async function change(selector: string, content: string): Promise<Rollout> {
  const made = await installation.client.call(planRoutes.create, {
    body: {
      title: 'another network',
      target: { selector },
      actions: [
        {
          action: 'files.manage',
          parameters: {
            path: SETTINGS,
            content,
            after: [{ unit: 'fleet-network.service', verb: 'restart' }],
            confirmWithinMs: CONFIRM_WITHIN_MS,
          },
        },
      ],
      strategy: {
        waves: { kind: 'staged', canary: { hosts: 1 }, then: [{ percent: 100 }] },
        failuresMax: 0,
      },
    },
  });
  const body = { planDigest: made.plan.digest, kind: 'run' } as const;
  return installation.client.call(rolloutRoutes.start, { body });
}

async function tasksOf(rollout: Rollout) {
  const params = { rolloutId: rollout.id };
  return (await installation.client.call(resultRoutes.tasks, { params, query: {} })).items;
}

const untilCutOff = (name: string) =>
  until(`${name} to be cut off`, 30_000, async () => !(await canReachServer(name)));

/** Whoever dies as soon as the host is cut off may have been at the change still, or have waited to be heard already. */
const CUT_SHORT = ['TASK_NOT_CONFIRMED', 'TASK_CHANGE_INTERRUPTED'];

/** The change failed on this host alone, with the host's own word for it, and the host is as it was. */
async function assertTakenBack(
  rollout: Rollout,
  name: string,
  codes: readonly string[] = ['TASK_NOT_CONFIRMED'],
): Promise<void> {
  const ended = await installation.ended(rollout.id, BACK_WITHIN_MS);
  await untilOnline();
  const touched = (await tasksOf(ended)).filter((task) => task.startedAt !== null);

  assert.equal(ended.state, 'halted', JSON.stringify(ended.cause));
  assert.deepEqual(
    touched.map((task) => [task.hostName, task.state]),
    [[name, 'failed']],
  );
  const code = touched[0]?.outcome?.error?.code ?? '';
  assert.ok(codes.includes(code), code);
  assert.equal(touched[0]?.outcome?.error?.details['undone'], 1);
  assert.equal(await settingsOf(name), right(name));
  assert.equal(await canReachServer(name), true);
}

test('a wrong address on the canary: the host takes it back alone, and no other host is touched', async (t) => {
  const { latest } = await installation.client.call(eventsRoutes.list, { query: { limit: 1 } });
  const rollout = await change('name in ["h1", "h2", "h3"]', WRONG_ADDRESS);
  const [canary = ''] = await until('the canary', 30_000, async () => {
    const begun = (await tasksOf(rollout)).filter((task) => task.startedAt !== null);
    return begun.length > 0 ? begun.map((task) => task.hostName) : null;
  });
  await untilCutOff(canary);

  await assertTakenBack(rollout, canary);

  for (const name of NAMES) assert.equal(await settingsOf(name), right(name));
  const { items } = await installation.client.call(eventsRoutes.list, {
    query: { after: latest, limit: 100 },
  });
  for (const { at, type, data } of items)
    t.diagnostic(`${at} ${type} ${JSON.stringify({ state: data['state'], code: data['code'] })}`);
});

test('a blocked server, and the agent killed while nobody hears it: taken back all the same', async () => {
  const blocked = settings({ address: rightAddress('h2'), blocked: `${BRIDGE_ADDRESS}/32` });
  const rollout = await change('name == "h2"', blocked);
  await untilCutOff('h2');
  await mustExec('h2', [
    'systemctl',
    'kill',
    '--kill-whom=main',
    '--signal=SIGKILL',
    'pilothouse-agent.service',
  ]);

  await assertTakenBack(rollout, 'h2', CUT_SHORT);
});

test('a wrong address that a boot would bring back, and the power cut: taken back after the boot', async () => {
  const rollout = await change('name == "h3"', WRONG_ADDRESS);
  await untilCutOff('h3');
  await cutPower('h3');
  await bootHost('h3');
  assert.equal(await settingsOf('h3'), WRONG_ADDRESS, 'the boot took the wrong one');

  await assertTakenBack(rollout, 'h3', CUT_SHORT);
});

test('a change after which the host is heard stays', async () => {
  const content = `${right('h1')}# as it was\n`;

  const ended = await installation.ended((await change('name == "h1"', content)).id, BACK_WITHIN_MS);

  assert.equal(ended.state, 'succeeded', JSON.stringify(ended.cause));
  assert.equal(await settingsOf('h1'), content);
});

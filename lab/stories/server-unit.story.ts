/**
 * The server as an installation runs it: its own unit, under a real systemd, as a user of its own in the cage that the unit
 * describes. What people do beside it as root (backup, restore, an upgrade's dry run) must leave nothing that it cannot use.
 */
import assert from 'node:assert/strict';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { until } from '@pilothouse/testkit';
import { buildBundles } from '../../tools/build.ts';
import { baseImage } from '../base-image.ts';
import { bootHost, HOST_RUNTIME, makeHost } from '../host.ts';
import { labDown, mustExec } from '../lab.ts';
import { raiseBridge } from '../network.ts';
import { hostRoot, PROJECT_ROOT } from '../places.ts';
import { claimLab } from './claim-lab.ts';

const HOST = 'h1';
const UNIT = 'pilothouse-server.service';
const PROGRAM = '/usr/lib/pilothouse/server';
const CONFIG = '/etc/pilothouse/server.json';
const DATA = '/var/lib/pilothouse';
const COPY = '/var/tmp/pilothouse.copy';
/** Of 10, in systemd's own scale. */
const EXPOSURE_MAX = 1.5;
/** Three processes start from their sources, on a machine that may be busy. */
const START_MS_MAX = 180_000;

let release: () => void;

before(async () => {
  release = await claimLab();
  await labDown();
  await raiseBridge();
  await buildBundles(['agent']);
  await makeHost({ name: HOST, base: await baseImage('debian-12', () => undefined) });
  const root = hostRoot(HOST);
  await cp(join(PROJECT_ROOT, 'apps/server/packaging', UNIT), join(root, 'etc/systemd/system', UNIT));
  const launcher = `#!/bin/sh\nexec ${HOST_RUNTIME} ${PROGRAM}/apps/server/src/main.ts "$@"\n`;
  await writeFile(join(root, 'usr/bin/pilothouse-server'), launcher, { mode: 0o755 });
  await bootHost(HOST, [`${PROJECT_ROOT}:${PROGRAM}`]);
  await on('useradd', '--system', '--shell', '/usr/sbin/nologin', 'pilothouse');
  const settings = { listen: '127.0.0.1:7443', 'gateway-listen': '127.0.0.1:7444', processes: 3 };
  await on('install', '-d', '-m', '0750', '-o', 'pilothouse', '-g', 'pilothouse', '/etc/pilothouse');
  await writeFile(join(root, CONFIG), JSON.stringify(settings), { mode: 0o644 });
  await on('systemctl', 'enable', '--now', UNIT);
  await untilWell();
});

after(async () => {
  await labDown();
  release();
});

const on = (...command: string[]): Promise<string> => mustExec(HOST, command);

const property = async (name: string): Promise<string> =>
  (await on('systemctl', 'show', '--value', `--property=${name}`, UNIT)).trim();

/** Every check of the server's own doctor, asked as the user that it runs as. */
async function findings(): Promise<{ readonly code: string; readonly state: string }[]> {
  const doctor = `pilothouse-server doctor --config ${CONFIG} --data ${DATA} --json || true`;
  return JSON.parse(await on('runuser', '-u', 'pilothouse', '--', 'sh', '-c', doctor)).findings;
}

/** It runs, its ports answer, and its doctor has nothing to say that would be wrong. */
const untilWell = () =>
  until('the server to be well', START_MS_MAX, async () => {
    if ((await property('ActiveState')) !== 'active') return null;
    const found = await findings();
    const isListening = found.some(({ code, state }) => code === 'listening' && state === 'ok');
    return isListening && found.every(({ state }) => state !== 'problem') ? found : null;
  });

test('it runs as a user of its own without any right, and systemd finds little that it could harm', async () => {
  const pid = await property('MainPID');
  const status = await on('cat', `/proc/${pid}/status`);
  const judged = await on('systemd-analyze', 'security', '--no-pager', UNIT);

  const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(judged) ?? [];
  assert.ok(Number(exposure) <= EXPOSURE_MAX, judged);
  assert.match(status, /^CapEff:\t0+$/m);
  assert.match(status, /^NoNewPrivs:\t1$/m);
  assert.match(status, /^Seccomp:\t2$/m);
  assert.doesNotMatch(status, /^Uid:\t0/m);
  assert.equal((await on('stat', '-c', '%U %a', DATA)).trim(), 'pilothouse 700');
});

test('a reload replaces every process but the first, and the unit never stops', async () => {
  const pid = await property('MainPID');
  const before = await childrenOf(pid);

  await on('systemctl', 'reload', UNIT);

  await until('every process to be another one', START_MS_MAX, async () => {
    const now = await childrenOf(pid);
    return now.length >= before.length && !now.some((child) => before.includes(child)) ? now : null;
  });
  await untilWell();
  assert.equal(await property('MainPID'), pid);
  assert.equal(await property('NRestarts'), '0');
});

const childrenOf = async (pid: string): Promise<string[]> =>
  (await on('sh', '-c', `cat /proc/${pid}/task/*/children`)).split(/\s+/).filter((child) => child !== '');

test('killed, it is started again', async () => {
  const pid = await property('MainPID');

  await on('systemctl', 'kill', '--kill-whom=main', '--signal=SIGKILL', UNIT);

  await until('another first process', START_MS_MAX, async () => {
    const now = await property('MainPID');
    return now !== '0' && now !== pid ? now : null;
  });
  await untilWell();
});

test('what root does beside it leaves nothing that it cannot use', async () => {
  await on('pilothouse-server', 'store', 'backup', '--data', DATA, '--to', COPY);
  await on('systemctl', 'stop', UNIT);
  await on('pilothouse-server', 'store', 'upgrade', '--data', DATA, '--dry-run');
  await on('pilothouse-server', 'store', 'restore', '--data', DATA, '--from', COPY, '--replace');
  await on('pilothouse-server', 'store', 'upgrade', '--data', DATA);

  await on('systemctl', 'start', UNIT);

  await untilWell();
  const strangers = await on('find', DATA, '!', '-user', 'pilothouse');
  assert.equal(strangers, '', 'nothing in its directory belongs to somebody else');
});

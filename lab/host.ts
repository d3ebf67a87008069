/**
 * One real host: an overlay over the base image, a network namespace, cgroups of its own, and systemd-nspawn as its board.
 * It boots systemd, has its own package database, machine id, boot id and journal, and survives `systemctl reboot`.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, openSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { labProcesses, removeCgroups } from './cgroups.ts';
import { connectHost, namespaceOf, removeHostNetwork } from './network.ts';
import {
  AGENT_ROOT,
  CGROUP,
  HOSTS_DIRECTORY,
  hostDirectory,
  hostRoot,
  hostUpper,
  PROJECT_ROOT,
} from './places.ts';
import { type CommandResult, mustRun, runCommand } from './run-command.ts';

/** Five seconds on a machine that does nothing else; twenty at once on two busy cores want most of this. */
const BOOT_TIMEOUT_MS = 180_000;
const POLL_INTERVAL_MS = 100;
/** Where hosts find the runtime of this clone and the agent's bundle, bound read-only. */
export const HOST_RUNTIME = '/usr/lib/pilothouse/node';
export const HOST_AGENT = '/usr/lib/pilothouse/agent';

export interface HostImage {
  readonly name: string;
  readonly base: string;
  /** Of the board: a reinstalled host keeps it. Default: a new one. */
  readonly machineId?: string;
}

/** Files and mounts of a new host; nothing runs yet. */
export async function makeHost({
  name,
  base,
  machineId = randomBytes(16).toString('hex'),
}: HostImage): Promise<void> {
  const directory = hostDirectory(name);
  for (const part of ['upper', 'work', 'root']) await mkdir(join(directory, part), { recursive: true });
  await mountRoot(name, base);
  await writeFile(join(hostRoot(name), 'etc/hostname'), `${name}\n`);
  await writeFile(join(hostRoot(name), 'etc/machine-id'), `${machineId}\n`);
  await writeFile(join(directory, 'base'), base);
  await installUnit(name);
  await connectHost(name);
}

async function mountRoot(name: string, base: string): Promise<void> {
  const layers = `lowerdir=${base},upperdir=${hostUpper(name)},workdir=${join(hostDirectory(name), 'work')}`;
  await mustRun('mount', ['-t', 'overlay', 'overlay', '-o', layers, hostRoot(name)]);
}

async function installUnit(name: string): Promise<void> {
  const unit = join(AGENT_ROOT, 'apps/agent/packaging/pilothouse-agent.service');
  if (existsSync(unit)) await cp(unit, join(hostRoot(name), 'etc/systemd/system/pilothouse-agent.service'));
  await mkdir(join(hostRoot(name), 'usr/lib/pilothouse/agent'), { recursive: true });
  await writeFile(join(hostRoot(name), 'usr/lib/pilothouse/node'), '');
  const launcher = `#!/bin/sh\nexec ${HOST_RUNTIME} ${HOST_AGENT}/main.js "$@"\n`;
  await writeFile(join(hostRoot(name), 'usr/bin/pilothouse-agent'), launcher, { mode: 0o755 });
}

/** Switches the host on. Returns when its systemd says that it is up. `binds`: what it sees of this machine, `from:to`. */
export async function bootHost(name: string, binds: readonly string[] = []): Promise<void> {
  const console = openSync(join(hostDirectory(name), 'console.log'), 'a');
  const nspawn = [
    'systemd-nspawn',
    '--quiet',
    '--register=no',
    '--keep-unit',
    `--directory=${hostRoot(name)}`,
    `--machine=phlab-${name}`,
    `--hostname=${name}`,
    `--network-namespace-path=/run/netns/${namespaceOf(name)}`,
    // Its network is its own: it may break it, as a real host may.
    '--capability=CAP_NET_ADMIN',
    '--resolv-conf=off',
    '--timezone=off',
    '--link-journal=no',
    '--console=pipe',
    `--bind-ro=${process.execPath}:${HOST_RUNTIME}`,
    `--bind-ro=${join(AGENT_ROOT, 'dist/agent')}:${HOST_AGENT}`,
    ...binds.map((bind) => `--bind-ro=${bind}`),
    '--boot',
  ];
  const child = spawn('bash', [join(PROJECT_ROOT, 'lab/run-host.sh'), `${CGROUP}/${name}`, ...nspawn], {
    detached: true,
    stdio: ['ignore', console, console],
  });
  child.unref();
  await writeFile(join(hostDirectory(name), 'pid'), `${child.pid}\n`);
  await untilUp(name);
}

async function untilUp(name: string): Promise<void> {
  const deadline = Date.now() + BOOT_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const state = (
      await execOnHost(name, ['systemctl', 'is-system-running']).catch(() => null)
    )?.stdout.trim();
    if (state === 'running' || state === 'degraded') return;
    await delay(POLL_INTERVAL_MS);
  }
  throw new Error(`host ${name} did not boot within ${BOOT_TIMEOUT_MS / 1000} s; see its console.log`);
}

/** The host's PID 1 as this machine sees it, or null when it is off. */
export async function leaderOf(name: string): Promise<number | null> {
  for (const pid of await labProcesses(name)) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    if (/^NSpid:\t\d+\t1$/m.test(status) && /^Name:\tsystemd$/m.test(status)) return pid;
  }
  return null;
}

/** Runs a command in all of the host's namespaces, as its root. */
export async function execOnHost(name: string, command: readonly string[]): Promise<CommandResult> {
  const leader = await leaderOf(name);
  if (leader === null) throw new Error(`host ${name} is not running`);
  const environment = ['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C.UTF-8', 'HOME=/root'];
  return runCommand('nsenter', ['-t', String(leader), '-a', ...environment, ...command]);
}

/** Orderly power-off: systemd stops its units. */
export async function stopHost(name: string): Promise<void> {
  const text = await readFile(join(hostDirectory(name), 'pid'), 'utf8').catch(() => null);
  if (text !== null) signal(Number(text), 'SIGTERM');
  const deadline = Date.now() + 15_000;
  while ((await labProcesses(name)).length > 0) {
    if (Date.now() > deadline) return cutPower(name);
    await delay(POLL_INTERVAL_MS);
  }
}

/** Pulls the plug: every process of the host ends at once and says nothing. */
export async function cutPower(name: string): Promise<void> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const pids = await labProcesses(name);
    if (pids.length === 0) return;
    if (Date.now() > deadline) throw new Error(`processes of host ${name} do not end: ${pids.join(' ')}`);
    for (const pid of pids) signal(pid, 'SIGKILL');
    await delay(POLL_INTERVAL_MS);
  }
}

/** Removes the host from the machine. Every part may already be gone. */
export async function removeHost(name: string): Promise<void> {
  await cutPower(name);
  await removeHostNetwork(name);
  await unmountBelow(hostDirectory(name));
  await removeCgroups(name);
  await rm(hostDirectory(name), { recursive: true, force: true });
}

/** A second board from the same disk: same machine id, same agent identity, another address. */
export async function cloneHost(name: string, clone: string): Promise<void> {
  const base = (await readFile(join(hostDirectory(name), 'base'), 'utf8')).trim();
  await mkdir(hostDirectory(clone), { recursive: true });
  await mustRun('cp', ['-a', hostUpper(name), hostUpper(clone)]);
  for (const part of ['work', 'root']) await mkdir(join(hostDirectory(clone), part), { recursive: true });
  await mountRoot(clone, base);
  await writeFile(join(hostDirectory(clone), 'base'), base);
  await connectHost(clone);
  await bootHost(clone);
}

export async function unmountBelow(directory: string): Promise<void> {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  const points = mounts
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(`${directory}/`));
  for (const point of points.reverse()) await mustRun('umount', ['--lazy', point]);
}

export async function hostNames(): Promise<string[]> {
  const names = await readdir(HOSTS_DIRECTORY).catch(() => []);
  return names.sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ESRCH')) throw cause;
  }
}

/** Real hosts on one machine for tests and demos. It needs root and says what else is missing. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildBundles } from '../tools/build.ts';
import { baseImage, type Distribution } from './base-image.ts';
import { labProcesses, removeCgroups } from './cgroups.ts';
import { bootHost, execOnHost, hostNames, makeHost, removeHost, stopHost, unmountBelow } from './host.ts';
import { inotifyLack } from './inotify.ts';
import { raiseBridge, removeNetwork } from './network.ts';
import { AGENT_ROOT, HOSTS_DIRECTORY, HOSTS_MAX, PROJECT_ROOT } from './places.ts';
import { runCommand } from './run-command.ts';

/** Two cores boot two hosts as fast as eight at once, and the load stays bearable. */
const BOOTING_MAX = 4;

export interface UpOptions {
  readonly count: number;
  readonly distributions: readonly Distribution[];
  /** When given, each host's agent enrols with it and starts. */
  readonly token?: string;
  readonly say: (text: string) => void;
}

/** What the lab needs and this machine lacks, in words a person can act on; empty when it can start. */
export async function labLacks(): Promise<string[]> {
  const lacks: string[] = [];
  if (process.getuid?.() !== 0) lacks.push('root (namespaces, mounts and cgroups need it)');
  for (const [program, debianPackage] of [
    ['systemd-nspawn', 'systemd-container'],
    ['mmdebstrap', 'mmdebstrap'],
    ['ip', 'iproute2'],
    ['nsenter', 'util-linux'],
  ] as const) {
    const found = await runCommand('sh', ['-c', `command -v ${program}`]);
    if (found.exitCode !== 0)
      lacks.push(`${program} (Debian package ${debianPackage}; npm run setup installs it)`);
  }
  return lacks;
}

/** Makes and boots the hosts that are not there yet, up to `count`. */
export async function labUp(options: UpOptions): Promise<string[]> {
  const { count, distributions, say } = options;
  if (count < 1 || count > HOSTS_MAX) throw new Error(`--hosts must be 1 to ${HOSTS_MAX}`);
  await readyAgent();
  const bases = new Map<Distribution, string>();
  for (const distribution of distributions) bases.set(distribution, await baseImage(distribution, say));
  await raiseBridge();
  const present = new Set(await hostNames());
  const names = Array.from({ length: count }, (_, index) => `h${index + 1}`);
  const missing = names.filter((name) => !present.has(name));
  const lack = await inotifyLack(missing.length);
  if (lack !== null) throw new Error(`this machine lacks ${lack}`);
  await inParallel(missing, BOOTING_MAX, async (name) => {
    const distribution = distributions[names.indexOf(name) % distributions.length];
    const base = distribution === undefined ? undefined : bases.get(distribution);
    if (base === undefined) throw new Error(`no base image for ${name}`);
    await makeHost({ name, base });
    await bootHost(name);
    if (options.token !== undefined) await enrolHost(name, options.token);
    say(`${name} is up`);
  });
  return names;
}

/** The bundle of this clone's sources, never one that was left behind. Another clone is left as it is. */
async function readyAgent(): Promise<void> {
  if (AGENT_ROOT === PROJECT_ROOT) await buildBundles(['agent']);
  else if (!existsSync(join(AGENT_ROOT, 'dist/agent/main.js')))
    throw new Error(`PILOTHOUSE_LAB_AGENT=${AGENT_ROOT} has no agent in dist/agent: npm run build in it`);
}

/** Enrols the host's agent and starts it as a service. */
export async function enrolHost(name: string, token: string): Promise<void> {
  await mustExec(name, ['pilothouse-agent', 'enrol', '--token', token]);
  await mustExec(name, ['systemctl', 'enable', '--now', '--quiet', 'pilothouse-agent.service']);
}

export async function mustExec(name: string, command: readonly string[]): Promise<string> {
  const result = await execOnHost(name, command);
  if (result.exitCode !== 0) {
    throw new Error(
      `${name}: ${command.join(' ')}: exit ${result.exitCode}: ${result.stderr.trim()}${result.stdout.trim()}`,
    );
  }
  return result.stdout;
}

/** Removes everything that carries the lab's names, also what a crashed lab left behind. */
export async function labDown(): Promise<void> {
  const names = await hostNames();
  await inParallel(names, BOOTING_MAX, stopHost);
  for (const name of names) await removeHost(name);
  for (const pid of await labProcesses()) process.kill(pid, 'SIGKILL');
  await unmountBelow(dirname(HOSTS_DIRECTORY));
  await removeNetwork();
  await removeCgroups();
  await rm(dirname(HOSTS_DIRECTORY), { recursive: true, force: true });
}

async function inParallel<T>(
  items: readonly T[],
  width: number,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await run(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
}

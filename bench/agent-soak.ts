/**
 * The agent on a real host, over what would be weeks: commands one after another, and now and then a broken session and all
 * facts anew. Before it, on the same host one after the other, this agent and MeshCentral's at rest.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { factsRoutes, rolloutRoutes } from '@pilothouse/contract';
import { runCommandAction } from '@pilothouse/plugin-commands/contract';
import { until } from '@pilothouse/testkit';
import type { BenchContext } from './benchmark.ts';
import { ceiling, type Figure, plain } from './figure.ts';
import { type CountingRelay, openRelay } from './frame/counting-relay.ts';
import { freePort } from './frame/free-port.ts';
import { connectThrough, unitPid } from './frame/lab-agent.ts';
import { type LabScene, labRefusal, openLabScene } from './frame/lab-scene.ts';
import { joinMesh, MESH_UNIT } from './frame/mesh-hosts.ts';
import { MESH_COMMAND, meshPackage } from './frame/mesh-package.ts';
import { openMeshServer } from './frame/mesh-server.ts';
import { cpuSeconds, privateBytes } from './frame/process-usage.ts';

/** What one task holds at most. */
const COMMANDS_PER_TASK = 16;
/** A host that carries out a command every minute opens a session, and collects everything, about so often. */
const TASKS_PER_SESSION = 25;
const SETTLE_MS = 10_000;
/** The agent gives memory back ten seconds after a burst, and no more often than every thirty. */
const GIVEN_BACK_MS = 45_000;
const IDLE_MS = 60_000;
/** Between the middle and the end, when all that is made once has been made. */
const GROWTH_MAX_PERCENT = 5;

export interface SoakReport {
  readonly figures: readonly Figure[];
  readonly notes: readonly string[];
}

export async function soakAgent(context: BenchContext): Promise<SoakReport> {
  const refusal = await labRefusal(1);
  if (refusal !== null) return { figures: [], notes: [`${refusal}: no soak`] };
  const { say } = context;
  const scene = await openLabScene({ hosts: 1, distribution: 'debian-12', say });
  const relay = await openRelay(scene.installation.gatewayPort, scene.bridgeAddress);
  try {
    const host = scene.names[0] ?? '';
    await connectThrough(host, `https://${scene.bridgeAddress}:${relay.port}`);
    await untilOnline(scene);
    const pid = await unitPid(host, 'pilothouse-agent.service');
    say(`settle for ${(2 * SETTLE_MS) / 1000} s`);
    await delay(2 * SETTLE_MS);
    const mesh = await besideMesh(context, { scene, host, pid });
    const soak = await soakFigures(context, { scene, relay, pid });
    return { figures: [...mesh.figures, ...soak], notes: mesh.notes };
  } finally {
    relay.close();
    await scene.close();
  }
}

const untilOnline = (scene: LabScene): Promise<unknown> =>
  until('the host to be online', 60_000, async () =>
    (await scene.installation.hosts()).every(({ presence }) => presence.kind === 'online'),
  );

interface Resting {
  readonly scene: LabScene;
  readonly host: string;
  readonly pid: number;
}

/**
 * A minute at rest of each. One after the other, since the peer's arrival changes the host, and what our agent does about a
 * change (0.12 s of processor time within half a minute) is not rest.
 */
async function besideMesh(
  { fleets, meshDirectory, say }: BenchContext,
  { scene, host, pid }: Resting,
): Promise<SoakReport> {
  say(`the agent at rest for ${IDLE_MS / 1000} s`);
  const ours = await restOf(pid);
  const program = await meshPackage(meshDirectory, say);
  if (program === null)
    return { figures: restFigures(ours), notes: [`peer not installed: MeshAgent; ${MESH_COMMAND}`] };
  const address = scene.bridgeAddress;
  const port = await freePort(address);
  const server = await openMeshServer({ program, directory: fleets.newDirectory(), address, port });
  try {
    await joinMesh(server, program, [host]);
    say(`MeshAgent at rest for ${(SETTLE_MS + IDLE_MS) / 1000} s`);
    await delay(SETTLE_MS);
    const theirs = await restOf(await unitPid(host, MESH_UNIT));
    return { figures: restFigures(ours, { ...theirs, name: `MeshAgent of ${server.version}` }), notes: [] };
  } finally {
    await server.close();
  }
}

interface Rest {
  readonly mb: number;
  /** Of one core, in percent. */
  readonly cpu: number;
}

async function restOf(pid: number): Promise<Rest> {
  const before = cpuSeconds(pid);
  await delay(IDLE_MS);
  return {
    mb: privateBytes(pid) / 1e6,
    cpu: ((cpuSeconds(pid) - before) / (IDLE_MS / 1000)) * 100,
  };
}

function restFigures(ours: Rest, peer?: Rest & { readonly name: string }): Figure[] {
  const compared = (what: string, of: 'mb' | 'cpu', unit: string, budget: number): Figure => ({
    ...ceiling(what, ours[of], unit, budget),
    ...(peer === undefined ? {} : { peer: `${peer.name}: ${peer[of].toFixed(2)} ${unit}` }),
    // It may have used less than the kernel counts.
    ...(peer === undefined || peer[of] === 0 ? {} : { ratio: ours[of] / peer[of] }),
  });
  return [
    compared('on a lab host: private memory, idle', 'mb', 'MB', 20),
    compared('on a lab host: of a core, idle', 'cpu', '%', 0.1),
  ];
}

interface Soak {
  readonly scene: LabScene;
  readonly relay: CountingRelay;
  readonly pid: number;
}

async function soakFigures({ cycles, say }: BenchContext, { scene, relay, pid }: Soak): Promise<Figure[]> {
  const tasks = Math.max(2, Math.round(cycles / COMMANDS_PER_TASK));
  const memory = [privateBytes(pid)];
  const cpuBefore = cpuSeconds(pid);
  const began = performance.now();
  for (let task = 1; task <= tasks; task++) {
    await carryOut(scene);
    if (task % TASKS_PER_SESSION === 0) await beginAnew(scene, relay);
    if (task !== Math.round(tasks / 2) && task !== tasks) continue;
    await delay(GIVEN_BACK_MS);
    memory.push(privateBytes(pid));
    const mb = memory.map((bytes) => (bytes / 1e6).toFixed(1)).join(', ');
    say(`${task * COMMANDS_PER_TASK} cycles; private memory ${mb} MB`);
  }
  const seconds = (performance.now() - began - 2 * GIVEN_BACK_MS) / 1000;
  const [start = 0, middle = 0, end = 0] = memory.map((bytes) => bytes / 1e6);
  const done = tasks * COMMANDS_PER_TASK;
  const title = `soak of ${done} cycles`;
  return [
    plain(`${title}: private memory before`, start, 'MB'),
    plain(`${title}: in the middle`, middle, 'MB'),
    ceiling(`${title}: at the end`, end, 'MB', 20),
    ceiling(`${title}: growth of its second half`, (end / middle - 1) * 100, '%', GROWTH_MAX_PERCENT),
    plain(
      `${title}: the agent's processor time a cycle`,
      ((cpuSeconds(pid) - cpuBefore) * 1000) / done,
      'ms',
    ),
    plain(`${title}: cycles a second`, done / seconds, ''),
  ];
}

/** A task of so many commands with some output. */
async function carryOut({ installation }: LabScene): Promise<void> {
  const command = { action: runCommandAction.name, parameters: { argv: ['ls', '-l', '/etc'] } };
  const { rollout } = await installation.client.call(rolloutRoutes.run, {
    body: {
      title: 'list',
      target: { selector: 'true' },
      // The session before may have been cut a moment ago.
      strategy: { offline: 'wait' },
      actions: Array.from({ length: COMMANDS_PER_TASK }, () => command),
    },
  });
  const params = { rolloutId: rollout.id };
  const stream = await installation.client.stream(rolloutRoutes.watch, { params });
  // It ends with the rollout.
  for await (const _piece of stream);
  const { counts } = await installation.client.call(rolloutRoutes.get, { params });
  if (counts.succeeded !== 1) throw new Error('a task of the soak did not succeed');
}

/** A session that breaks, and all facts anew once the host is back. */
async function beginAnew(scene: LabScene, relay: CountingRelay): Promise<void> {
  const { client } = scene.installation;
  relay.cut();
  await carryOut(scene);
  const { items } = await client.call(factsRoutes.kinds);
  const facts = items.map(({ name }) => name);
  await client.call(factsRoutes.collect, { body: { target: { selector: 'true' }, facts } });
}

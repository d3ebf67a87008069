/**
 * The same command on real hosts by Pilothouse and by what people use instead. Programs that are typed are timed from their
 * start to their end, servers from the request to the last host's answer; for all, what it costs on the hosts, too. Ours
 * is said to read, as the peers' does: after what changes a host its facts are collected, and they collect none.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { rolloutRoutes } from '@pilothouse/contract';
import { runCommandAction } from '@pilothouse/plugin-commands/contract';
import { buildBundles } from '../../tools/build.ts';
import { type Figure, plain } from '../figure.ts';
import { freePort } from './free-port.ts';
import { type LabScene, labCpuSeconds } from './lab-scene.ts';
import { joinMesh, UPTIME } from './mesh-hosts.ts';
import { MESH_COMMAND, meshPackage } from './mesh-package.ts';
import { openMeshServer } from './mesh-server.ts';
import { cpuSeconds } from './process-usage.ts';
import { sshPeers } from './ssh-peers.ts';
import { median } from './statistics.ts';
import { timedRun } from './timed-run.ts';

const ROUNDS = 3;
const SETTLE_MS = 15_000;

interface Round {
  readonly seconds: number;
  /** Of the program that is typed, and of a server where there is one. */
  readonly cpuSeconds: number;
}

interface Measured extends Round {
  readonly hostCpuSeconds: number;
}

export interface LabPeersWish {
  readonly scene: LabScene;
  readonly newDirectory: () => string;
  /** Where it is, or is to be installed. */
  readonly meshDirectory: string;
  readonly say: (text: string) => void;
}

export async function labPeerFigures(wish: LabPeersWish): Promise<{ figures: Figure[]; notes: string[] }> {
  const { scene, newDirectory, say } = wish;
  const figures: Figure[] = [];
  const notes: string[] = [];
  const hosts = scene.names.length;
  // New hosts collect all facts first.
  say(`settle for ${SETTLE_MS / 1000} s`);
  await delay(SETTLE_MS);
  say(`a command on ${hosts} lab hosts`);
  const typed = await measure(await ourCommandLine(scene));
  const asked = await measure(() => ourRequest(scene));
  figures.push(...told(`pilothouse run on ${hosts} lab hosts`, typed));
  figures.push(...told(`a request to the API for ${hosts} lab hosts`, asked));
  for (const peer of await sshPeers(newDirectory(), scene)) {
    if (peer.version === null) {
      notes.push(`peer not installed: ${peer.name}; apt install ${peer.debianPackage}`);
      continue;
    }
    say(`the same by ${peer.version}`);
    const theirs = await measure(() => peer.run());
    figures.push(...against({ name: peer.name, version: peer.version, ours: typed, theirs }));
  }
  try {
    const mesh = await measureMesh(wish);
    if (mesh === null) notes.push(`peer not installed: MeshCentral; ${MESH_COMMAND}`);
    else figures.push(...against({ name: 'MeshCentral', ...mesh, ours: asked }));
  } catch (cause) {
    // The others' figures stand.
    notes.push(`peer failed: ${String(cause).split('\n').slice(0, 4).join(' ')}`);
  }
  return { figures, notes };
}

async function measure(run: () => Promise<Round>): Promise<Measured> {
  // The first finds nothing in any cache.
  await run();
  const rounds: Measured[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = labCpuSeconds();
    const seen = await run();
    rounds.push({ ...seen, hostCpuSeconds: labCpuSeconds() - before });
  }
  const typical = (of: (round: Measured) => number): number => median(rounds.map(of));
  return {
    seconds: typical((round) => round.seconds),
    cpuSeconds: typical((round) => round.cpuSeconds),
    hostCpuSeconds: typical((round) => round.hostCpuSeconds),
  };
}

async function ourCommandLine({ installation, names }: LabScene): Promise<() => Promise<Round>> {
  const program = (await buildBundles(['cli'])).cli;
  const { url, apiToken, dataDirectory, server } = installation;
  const environment = {
    PILOTHOUSE_CONFIG_HOME: join(dataDirectory, 'command-line'),
    PILOTHOUSE_SERVER: url,
    PILOTHOUSE_PIN: /--pin ([0-9a-f]{64})/.exec(server().log())?.[1] ?? '',
    PILOTHOUSE_TOKEN: apiToken,
  };
  return async () => {
    const before = cpuSeconds(server().pid);
    const line = [program, 'run', '--all', '--effect', 'read', '--', 'uptime'];
    const run = await timedRun(process.execPath, line, environment);
    const answers = (run.stdout.match(/load average/g) ?? []).length;
    // Hosts that said the same are shown together, so one answer is enough to know that there were any.
    if (answers === 0) throw new Error(`pilothouse run on ${names.length} hosts: ${run.stdout}${run.stderr}`);
    return { seconds: run.seconds, cpuSeconds: run.cpuSeconds + cpuSeconds(server().pid) - before };
  };
}

async function ourRequest({ installation, names }: LabScene): Promise<Round> {
  const { client, server } = installation;
  const cpuBefore = cpuSeconds(server().pid);
  const began = performance.now();
  const { rollout } = await client.call(rolloutRoutes.run, {
    body: {
      title: 'uptime',
      target: { selector: 'true' },
      actions: [{ action: runCommandAction.name, parameters: { argv: ['uptime'], effect: 'read' } }],
    },
  });
  const stream = await client.stream(rolloutRoutes.watch, { params: { rolloutId: rollout.id } });
  // It ends with the rollout, whose results are durable then.
  for await (const _piece of stream);
  const seconds = (performance.now() - began) / 1000;
  const { counts } = await client.call(rolloutRoutes.get, { params: { rolloutId: rollout.id } });
  if (counts.succeeded !== names.length) throw new Error(`${counts.succeeded} of ${names.length} succeeded`);
  return { seconds, cpuSeconds: cpuSeconds(server().pid) - cpuBefore };
}

async function measureMesh({ scene, newDirectory, meshDirectory, say }: LabPeersWish) {
  const program = await meshPackage(meshDirectory, say);
  if (program === null) return null;
  say('MeshCentral starts, and its agents join');
  const address = scene.bridgeAddress;
  const place = { program, directory: newDirectory(), address, port: await freePort(address) };
  const server = await openMeshServer(place);
  try {
    const nodes = await joinMesh(server, program, scene.names);
    say(`the same by ${server.version}`);
    const theirs = await measure(async () => {
      const before = cpuSeconds(server.pid);
      const seconds = await server.control.run({ ...UPTIME, nodeids: nodes });
      return { seconds, cpuSeconds: cpuSeconds(server.pid) - before };
    });
    return { version: server.version, theirs };
  } finally {
    await server.close();
  }
}

const told = (what: string, { seconds, cpuSeconds, hostCpuSeconds }: Measured): Figure[] => [
  plain(what, seconds, 's'),
  plain(`${what}: processor time here`, cpuSeconds, 's'),
  plain(`${what}: processor time of the hosts`, hostCpuSeconds, 's'),
];

interface Comparison {
  readonly name: string;
  readonly version: string;
  readonly ours: Measured;
  readonly theirs: Measured;
}

function against({ name, version, ours, theirs }: Comparison): Figure[] {
  const compared = (what: string, of: (measured: Measured) => number): Figure => ({
    ...plain(`${name}: ${what}`, of(theirs), 's'),
    peer: version,
    ratio: of(ours) / of(theirs),
  });
  return [
    compared('the same', (measured) => measured.seconds),
    compared('processor time here', (measured) => measured.cpuSeconds),
    compared('processor time of the hosts', (measured) => measured.hostCpuSeconds),
  ];
}

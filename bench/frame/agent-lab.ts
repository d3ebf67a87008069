import { until } from '@pilothouse/testkit';
import { mustExec } from '../../lab/lab.ts';
import type { BenchContext } from '../benchmark.ts';
import { type CountingRelay, openRelay } from './counting-relay.ts';
import { freePort } from './free-port.ts';
import { AGENT_UNIT, connectThrough, unitPid } from './lab-agent.ts';
import { type LabScene, labRefusal, openLabScene } from './lab-scene.ts';
import { joinMesh, MESH_UNIT } from './mesh-hosts.ts';
import { MESH_COMMAND, meshPackage } from './mesh-package.ts';
import { openMeshServer } from './mesh-server.ts';

/**
 * The agent on one real host and MeshCentral's on another, so that both can be at rest in the same minute: on one host the
 * peer's arrival would be a change that our agent follows.
 */
export interface AgentLab {
  readonly scene: LabScene;
  /** Between the agent and its server. */
  readonly relay: CountingRelay;
  /** The host it runs on. */
  readonly host: string;
  /** As this machine numbers it. */
  readonly pid: number;
  /** Null where MeshCentral could not be had. */
  readonly peer: LabPeer | null;
  close(): Promise<void>;
}

export interface LabPeer {
  readonly pid: number;
  readonly name: string;
  close(): Promise<void>;
}

/** A sentence when this machine can have none. */
export async function openAgentLab(context: BenchContext): Promise<AgentLab | string> {
  const refusal = await labRefusal(2);
  if (refusal !== null) return `${refusal}: no agent on a lab host`;
  const scene = await openLabScene({ hosts: 2, distribution: 'debian-12', say: context.say });
  const relay = await openRelay(scene.installation.gatewayPort, scene.bridgeAddress);
  const [host = '', peerHost = ''] = scene.names;
  let peer: LabPeer | null = null;
  const close = async (): Promise<void> => {
    await peer?.close();
    relay.close();
    await scene.close();
  };
  try {
    await mustExec(peerHost, ['systemctl', 'disable', '--now', AGENT_UNIT]);
    await connectThrough(host, `https://${scene.bridgeAddress}:${relay.port}`);
    await until('the host to be online', 60_000, async () =>
      (await scene.installation.hosts()).some(
        ({ name, presence }) => name === host && presence.kind === 'online',
      ),
    );
    peer = await openPeer(context, scene, peerHost);
    return { scene, relay, host, pid: await unitPid(host, AGENT_UNIT), peer, close };
  } catch (cause) {
    await close();
    throw cause;
  }
}

async function openPeer(
  { fleets, meshDirectory, say }: BenchContext,
  { bridgeAddress: address }: LabScene,
  host: string,
): Promise<LabPeer | null> {
  const program = await meshPackage(meshDirectory, say);
  if (program === null) return null;
  say('MeshCentral starts, and its agent joins');
  const directory = fleets.newDirectory();
  const server = await openMeshServer({ program, directory, address, port: await freePort(address) });
  try {
    await joinMesh(server, program, [host]);
    const pid = await unitPid(host, MESH_UNIT);
    return { pid, name: `MeshAgent of ${server.version}`, close: () => server.close() };
  } catch (cause) {
    await server.close();
    throw cause;
  }
}

/** Why there are no figures of MeshAgent. */
export const NO_MESH = `peer not installed: MeshAgent; ${MESH_COMMAND}`;

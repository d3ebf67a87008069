import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '@pilothouse/testkit';
import { mustExec } from '../../lab/lab.ts';
import { hostRoot } from '../../lab/places.ts';
import type { MeshServer } from './mesh-server.ts';

const PLACE = '/opt/mesh';
/** Its agent for servers, which shares no screen; by the machine's own name of its processor. */
const AGENTS: Readonly<Record<string, string>> = {
  x64: 'meshagent_x86-64_nokvm',
  arm64: 'meshagent_aarch64',
};
/** What all of them are asked. */
export const UPTIME = { line: 'uptime', answer: 'load average' } as const;
export const MESH_UNIT = 'meshagent.service';
const ONLINE_TIMEOUT_MS = 120_000;
const FIRST_ANSWER_TIMEOUT_MS = 15_000;

/** Puts its agent on hosts of the lab and waits until all of them carry commands out. Gives their ids. */
export async function joinMesh(
  server: MeshServer,
  program: string,
  names: readonly string[],
): Promise<readonly string[]> {
  const binary = AGENTS[process.arch];
  if (binary === undefined) throw new Error(`MeshCentral's agent for ${process.arch} is not known here`);
  const { id, settings } = await server.control.newGroup();
  for (const name of names) {
    const place = join(hostRoot(name), PLACE);
    mkdirSync(place, { recursive: true });
    copyFileSync(join(program, 'agents', binary), join(place, 'meshagent'));
    chmodSync(join(place, 'meshagent'), 0o755);
    writeFileSync(join(place, 'meshagent.msh'), settings);
    await mustExec(name, [
      'systemd-run',
      '--quiet',
      `--unit=${MESH_UNIT}`,
      `--working-directory=${PLACE}`,
      `${PLACE}/meshagent`,
      'connect',
    ]);
  }
  const nodes = await until('every MeshAgent to connect', ONLINE_TIMEOUT_MS, async () => {
    const there = await server.control.connected(id);
    return there.length === names.length ? there : null;
  });
  // What carries commands out is sent to an agent after it connects; what comes before that is dropped.
  await until('every MeshAgent to answer', ONLINE_TIMEOUT_MS, () =>
    server.control.run({ ...UPTIME, nodeids: nodes, timeoutMs: FIRST_ANSWER_TIMEOUT_MS }).catch(() => null),
  );
  return nodes;
}

import { readFileSync } from 'node:fs';
import type { Distribution } from '../../lab/base-image.ts';
import { INSTANCES_PER_HOST, inotifyLack } from '../../lab/inotify.ts';
import { labLacks, labUp } from '../../lab/lab.ts';
import { BRIDGE_ADDRESS, CGROUP, hostAddress } from '../../lab/places.ts';
import { type Installation, install } from '../../lab/stories/installation.ts';
import { undoWhenAbandoned } from './abandon.ts';

/** Real hosts under a server of their own; taken from the machine's one lab, which nobody else has meanwhile. */
export interface LabScene {
  readonly installation: Installation;
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  /** Of this machine, as hosts reach it. */
  readonly bridgeAddress: string;
  /** Empties the lab and gives it back. */
  close(): Promise<void>;
}

export interface LabWish {
  readonly hosts: number;
  readonly distribution: Distribution;
  readonly say: (text: string) => void;
}

/** Beside what a host wants by itself. */
const INSTANCES_OF_MESH_AGENT = 2;

/** What this machine lacks for a lab of so many hosts, in one sentence; null when it can have one. */
export async function labRefusal(hosts: number): Promise<string | null> {
  const inotify = await inotifyLack(hosts, INSTANCES_PER_HOST + INSTANCES_OF_MESH_AGENT);
  const lacks = [...(await labLacks()), ...(inotify === null ? [] : [inotify])];
  return lacks.length === 0 ? null : `no lab on this machine; it lacks ${lacks.join(', ')}`;
}

/** Waits until nobody else uses the lab; its hosts are enrolled and their agents run. */
export async function openLabScene({ hosts, distribution, say }: LabWish): Promise<LabScene> {
  say('the lab');
  const installation = await install();
  const isClosed = undoWhenAbandoned(() => installation.close());
  const close = async (): Promise<void> => {
    await installation.close();
    isClosed();
  };
  try {
    const token = await installation.token();
    const names = await labUp({ count: hosts, distributions: [distribution], token, say });
    return {
      installation,
      names,
      addresses: names.map(hostAddress),
      bridgeAddress: BRIDGE_ADDRESS,
      close,
    };
  } catch (cause) {
    await close();
    throw cause;
  }
}

const MICROSECONDS = 1e6;
const NANOSECONDS = 1e9;

/** Seconds of processor time that all hosts of the lab have used, whatever ran on them. */
export function labCpuSeconds(): number {
  const version1 = readOrNull(`/sys/fs/cgroup/cpuacct/${CGROUP}/cpuacct.usage`);
  if (version1 !== null) return Number(version1) / NANOSECONDS;
  const version2 = readOrNull(`/sys/fs/cgroup/${CGROUP}/cpu.stat`) ?? '';
  return Number(/^usage_usec (\d+)$/m.exec(version2)?.[1] ?? 0) / MICROSECONDS;
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Machines have one of the two kinds of groups.
    return null;
  }
}

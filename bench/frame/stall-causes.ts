import { relative } from 'node:path';
import type { Stall } from './probe-protocol.ts';

/** As the runtime's profiler writes it; times in microseconds of the monotonic clock. */
export interface ProcessorProfile {
  readonly startTime: number;
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

const STALLS_TOLD_MAX = 5;
const FUNCTIONS_TOLD_MAX = 8;
/** Below this share of a stall a function is not its cause. */
const SHARE_MIN = 0.15;

/** What of our own code the longest stalls were spent in, each function with all that it called. */
export function stallCauses(profile: ProcessorProfile, stalls: readonly Stall[], root: string): string[] {
  const stacks = ownStacks(profile, root);
  return stalls
    .toSorted((one, other) => other.cpuMs - one.cpuMs)
    .slice(0, STALLS_TOLD_MAX)
    .map((stall) => {
      const spent = spentIn(profile, stacks, stall);
      const told = [...spent]
        .filter(([, ms]) => ms >= SHARE_MIN * stall.wallMs)
        .toSorted(([, one], [, other]) => other - one)
        .slice(0, FUNCTIONS_TOLD_MAX)
        .map(([name, ms]) => `${name} ${Math.round(ms)} ms`);
      return `stall of ${Math.round(stall.cpuMs)} ms (${Math.round(stall.wallMs)} by the clock): ${told.join(' < ')}`;
    });
}

/** For each node of the profile the functions above it, itself included, that are ours or the collector's. */
function ownStacks({ nodes }: ProcessorProfile, root: string): Map<number, ReadonlySet<string>> {
  const stacks = new Map<number, ReadonlySet<string>>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const visit = (node: ProfileNode, above: ReadonlySet<string>): void => {
    const name = nameOf(node, root);
    const stack = name === null ? above : new Set([...above, name]);
    stacks.set(node.id, stack);
    for (const child of node.children ?? []) {
      const below = byId.get(child);
      if (below !== undefined) visit(below, stack);
    }
  };
  const [first] = nodes;
  if (first !== undefined) visit(first, new Set());
  return stacks;
}

function nameOf({ callFrame: { functionName, url } }: ProfileNode, root: string): string | null {
  if (functionName === '(garbage collector)') return functionName;
  const path = url.replace(/^file:\/\//, '');
  if (!path.startsWith(root) || path.includes('/node_modules/')) return null;
  return `${functionName === '' ? '…' : functionName} (${relative(root, path)})`;
}

function spentIn(
  { startTime, samples, timeDeltas }: ProcessorProfile,
  stacks: ReadonlyMap<number, ReadonlySet<string>>,
  { endedAtUs, wallMs }: Stall,
): Map<string, number> {
  const spent = new Map<string, number>();
  let at = startTime;
  for (const [index, sample] of samples.entries()) {
    const delta = timeDeltas[index] ?? 0;
    at += delta;
    if (at < endedAtUs - wallMs * 1000 || at > endedAtUs) continue;
    for (const name of stacks.get(sample) ?? []) spent.set(name, (spent.get(name) ?? 0) + delta / 1000);
  }
  return spent;
}

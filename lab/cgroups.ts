import { readdir, readFile, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CGROUP } from './places.ts';

const CGROUP_ROOT = '/sys/fs/cgroup';

/** The lab's subtree in every hierarchy: one on cgroup v2, one a controller on v1 and hybrid machines. */
async function labTrees(): Promise<string[]> {
  const isUnified = await stat(join(CGROUP_ROOT, 'cgroup.controllers')).then(
    () => true,
    () => false,
  );
  if (isUnified) return [join(CGROUP_ROOT, CGROUP)];
  const hierarchies = await readdir(CGROUP_ROOT, { withFileTypes: true });
  return hierarchies
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(CGROUP_ROOT, entry.name, CGROUP));
}

async function descend(directory: string, visit: (directory: string) => Promise<void>): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => null);
  if (entries === null) return;
  for (const entry of entries) if (entry.isDirectory()) await descend(join(directory, entry.name), visit);
  await visit(directory);
}

/** Every process of the lab, or of one of its hosts. Kernel bookkeeping, so a crashed lab is found as well. */
export async function labProcesses(host?: string): Promise<number[]> {
  const pids = new Set<number>();
  for (const tree of await labTrees()) {
    await descend(host === undefined ? tree : join(tree, host), async (directory) => {
      const text = await readFile(join(directory, 'cgroup.procs'), 'utf8').catch(() => '');
      for (const line of text.split('\n')) if (line !== '') pids.add(Number(line));
    });
  }
  return [...pids].filter((pid) => pid > 1 && pid !== process.pid);
}

export async function removeCgroups(host?: string): Promise<void> {
  for (const tree of await labTrees()) {
    await descend(host === undefined ? tree : join(tree, host), (directory) => rmdir(directory));
  }
}

import { clipWord, linesOf } from './parsed.ts';

/**
 * The systemd unit or container of a process, from /proc/PID/cgroup (either version of cgroups). Numbers of sessions and
 * ids of containers are taken off: they change with each login and each start.
 */
export function unitOfCgroup(text: string): string | null {
  const lines = linesOf(text);
  const line =
    lines.find((l) => /^\d+:name=systemd:/.test(l)) ?? lines.find((l) => l.startsWith('0::')) ?? lines[0];
  const path = line?.split(':').slice(2).join(':') ?? '';
  const parts = path.split('/').filter((part) => part !== '');
  const unit = parts.findLast((part) => /\.(?:service|scope|socket|mount|slice)$/.test(part));
  if (
    /\/(?:docker|kubepods|libpod|lxc|machine)[/.-]/.test(`${path}/`) ||
    /^(?:docker|crio|cri-containerd|libpod)-/.test(unit ?? '')
  ) {
    return containerOf(path);
  }
  if (unit === undefined || unit.endsWith('.slice')) return null;
  if (/^session-\w+\.scope$/.test(unit)) return 'session.scope';
  if (/^user@\d+\.service$/.test(unit)) return 'user@.service';
  return clipWord(unit);
}

function containerOf(path: string): string | null {
  for (const kind of ['kubepods', 'docker', 'libpod', 'lxc', 'machine'])
    if (path.includes(kind)) return `${kind}-container`;
  return 'container';
}

/**
 * Whether so many more hosts find the inotify instances that they want. The kernel counts these by user, and to it all
 * hosts of the lab are this machine's root. A systemd that gets none does not boot, and what it says of it stays with it.
 */
import { readdir, readFile, readlink } from 'node:fs/promises';

/** Five of systemd, and one each of the bus, of logind and of the agent. */
export const INSTANCES_PER_HOST = 8;
const LIMIT = 'fs.inotify.max_user_instances';
/** Enough for the hundred hosts of a lab. */
const LIMIT_ADVISED = 1024;

/** Null when there are enough; else what is missing, and the command that helps. */
export async function inotifyLack(hosts: number, perHost = INSTANCES_PER_HOST): Promise<string | null> {
  const max = Number(await readFile(`/proc/sys/${LIMIT.replaceAll('.', '/')}`, 'utf8'));
  return lackOf({ hosts, wanted: hosts * perHost, used: await instancesOf(process.getuid?.() ?? 0), max });
}

export interface InotifyInstances {
  readonly hosts: number;
  readonly wanted: number;
  readonly used: number;
  readonly max: number;
}

export function lackOf({ hosts, wanted, used, max }: InotifyInstances): string | null {
  if (used + wanted <= max) return null;
  const count = `${wanted} inotify instances for ${hosts} hosts`;
  return `${count}: ${max - used} of ${max} are left (sysctl -w ${LIMIT}=${LIMIT_ADVISED})`;
}

async function instancesOf(user: number): Promise<number> {
  const isOwn = new RegExp(`^Uid:\\t${user}\\t`, 'm');
  let count = 0;
  for (const pid of await readdir('/proc')) {
    // Processes end while they are looked through.
    const status = /^\d+$/.test(pid) ? await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '') : '';
    if (!isOwn.test(status)) continue;
    for (const descriptor of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
      if (target === 'anon_inode:inotify') count += 1;
    }
  }
  return count;
}

import type { HostAccess } from '@pilothouse/agent-kit';
import { type Clock, MINUTE_MS } from '@pilothouse/base';
import { toTimestamp, type Vitals } from '@pilothouse/contract';

/** File systems that hold files of this host. Network ones may hang, and pseudo ones are never full. */
const LOCAL_FILE_SYSTEMS = new Set([
  'ext2',
  'ext3',
  'ext4',
  'xfs',
  'btrfs',
  'f2fs',
  'jfs',
  'reiserfs',
  'vfat',
  'zfs',
  'bcachefs',
  'overlay',
]);
/** Mount tables change rarely, and a host of containers has hundreds of lines. */
const DISKS_AGE_MAX_MS = MINUTE_MS;
const DISKS_MAX = 32;

/** What vitals read of a host. */
export interface VitalsAccess extends Pick<HostAccess, 'statFileSystem'> {
  /** Null for what is not there. At once and without a thread: the kernel's own files never wait for a disk. */
  readNow(path: string): string | null;
}

/** Reads the light measures of a heartbeat. What a kernel does not offer is null or 0. */
export function createVitals(host: VitalsAccess, clock: Clock, bootId: string): () => Promise<Vitals> {
  let disks = { ratio: 0, readAtMs: Number.NEGATIVE_INFINITY };
  return async () => {
    if (clock.monotonic() - disks.readAtMs > DISKS_AGE_MAX_MS) {
      disks = { ratio: await fullestDisk(host), readAtMs: clock.monotonic() };
    }
    const uptime = host.readNow('/proc/uptime');
    return {
      at: toTimestamp(clock.now()),
      load1: numberAt(host.readNow('/proc/loadavg'), /^(\S+)/) ?? 0,
      memoryUsedRatio: memoryUsed(host.readNow('/proc/meminfo')),
      diskUsedRatio: disks.ratio,
      pressureCpu: pressureOf(host.readNow('/proc/pressure/cpu')),
      pressureMemory: pressureOf(host.readNow('/proc/pressure/memory')),
      pressureIo: pressureOf(host.readNow('/proc/pressure/io')),
      uptimeSeconds: numberAt(uptime, /^(\S+)/) ?? 0,
      bootId,
    };
  };
}

function numberAt(text: string | null, pattern: RegExp): number | null {
  const value = Number(pattern.exec(text ?? '')?.[1] ?? Number.NaN);
  return Number.isFinite(value) && value >= 0 ? value : null;
}

const pressureOf = (text: string | null): number | null => numberAt(text, /^some avg10=(\S+)/);

/** Kernels before 3.14 have no MemAvailable. */
function memoryUsed(text: string | null): number {
  const total = numberAt(text, /^MemTotal:\s+(\d+)/m);
  const available = numberAt(text, /^MemAvailable:\s+(\d+)/m) ?? numberAt(text, /^MemFree:\s+(\d+)/m);
  return total === null || total === 0 || available === null ? 0 : ratio(1 - available / total);
}

async function fullestDisk(host: VitalsAccess): Promise<number> {
  const mounts = host.readNow('/proc/self/mounts') ?? '';
  const byDevice = new Map<string, string>();
  for (const line of mounts.split('\n')) {
    const [device = '', path = '', kind = '', options = ''] = line.split(' ');
    const isReadOnly = options.split(',').includes('ro');
    if (!LOCAL_FILE_SYSTEMS.has(kind) || isReadOnly || byDevice.has(device)) continue;
    byDevice.set(device, path.replace(/\\040/g, ' '));
  }
  let fullest = 0;
  for (const path of [...byDevice.values()].slice(0, DISKS_MAX)) {
    const found = await host.statFileSystem(path);
    if (found !== null && found.totalBytes > 0)
      fullest = Math.max(fullest, ratio(1 - found.freeBytes / found.totalBytes));
  }
  return fullest;
}

const ratio = (value: number): number => Math.min(1, Math.max(0, value));

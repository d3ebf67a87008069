import { defineCollector, type HostAccess } from '@pilothouse/agent-kit';
import { MINUTE_MS, SECOND_MS } from '@pilothouse/base';
import { type FileSystem, type StorageBody, storageFact } from '../../contract.ts';
import { isNetworkType, listFileSystems } from '../../domain/list-file-systems.ts';
import { type Mount, parseMountinfo } from '../../domain/parse-mountinfo.ts';
import {
  LVM_FORMAT,
  parseLogicalVolumes,
  parseMdstat,
  parsePhysicalVolumes,
  parseSwaps,
  parseVolumeGroups,
} from '../../domain/parse-storage.ts';

/** File systems, swap, software RAID and LVM by name and size. How full they are is in `storage-usage`. */
export const storageCollector = defineCollector({
  fact: storageFact,
  timeoutMs: MINUTE_MS,
  async collect(host) {
    const text = await host.readText('/proc/self/mountinfo');
    if (text === null)
      return {
        kind: 'absent',
        reason: 'failed',
        detail: { en: 'read /proc/self/mountinfo', zh: '读取 /proc/self/mountinfo' },
      };
    const mounts = parseMountinfo(text);
    const swaps = parseSwaps((await host.readText('/proc/swaps')) ?? '');
    const raids = parseMdstat((await host.readText('/proc/mdstat')) ?? '');
    const fileSystems: FileSystem[] = [];
    for (const mount of listFileSystems(mounts.value)) fileSystems.push(await measure(host, mount));
    return {
      kind: 'present',
      body: { fileSystems, swaps: swaps.value, raids: raids.value, lvm: await readLvm(host) },
      unknownLines: mounts.unknownLines + swaps.unknownLines + raids.unknownLines,
    };
  },
});

async function measure(host: HostAccess, mount: Mount): Promise<FileSystem> {
  const size = isNetworkType(mount.type) ? null : await host.statFileSystem(mount.mountPoint);
  // Other file systems make inodes as they go: their total moves and says nothing.
  const hasFixedInodes = /^(?:ext[234]|f2fs|ubifs)$/.test(mount.type);
  return {
    mountPoint: mount.mountPoint,
    device: mount.device,
    type: mount.type,
    options: [...mount.options],
    sizeBytes: size?.totalBytes ?? null,
    inodes: hasFixedInodes ? (size?.inodes ?? null) : null,
  };
}

async function readLvm(host: HostAccess): Promise<StorageBody['lvm']> {
  if (!host.isRoot) return null;
  const options = { timeoutMs: 10 * SECOND_MS };
  const ask = (program: string, columns: string) =>
    host.run(program, [...LVM_FORMAT, '-o', columns], options);
  const groups = await ask('vgs', 'vg_name,vg_size');
  if (groups === null || groups.exitCode !== 0) return null;
  const logical = await ask('lvs', 'vg_name,lv_name,lv_size');
  const physical = await ask('pvs', 'pv_name,vg_name,pv_size');
  return {
    volumeGroups: parseVolumeGroups(groups.stdout).value,
    logicalVolumes: parseLogicalVolumes(logical?.stdout ?? '').value,
    physicalVolumes: parsePhysicalVolumes(physical?.stdout ?? '').value,
  };
}

import { defineCollector } from '@pilothouse/agent-kit';
import { SECOND_MS } from '@pilothouse/base';
import { type StorageUsageBody, storageUsageFact } from '../../contract.ts';
import { distinctFileSystems, isNetworkType } from '../../domain/list-file-systems.ts';
import { parseMountinfo } from '../../domain/parse-mountinfo.ts';
import { usageStep } from '../../domain/usage-step.ts';

/** How full the local file systems are, in coarse steps. Read-only images, always full, are left out. */
export const storageUsageCollector = defineCollector({
  fact: storageUsageFact,
  timeoutMs: 10 * SECOND_MS,
  async collect(host) {
    const text = await host.readText('/proc/self/mountinfo');
    if (text === null)
      return {
        kind: 'absent',
        reason: 'failed',
        detail: { en: 'read /proc/self/mountinfo', zh: '读取 /proc/self/mountinfo' },
      };
    const mounts = parseMountinfo(text);
    const fileSystems: StorageUsageBody['fileSystems'] = [];
    for (const mount of distinctFileSystems(mounts.value)) {
      if (isNetworkType(mount.type) || /^(?:iso9660|udf|erofs|cramfs)$/.test(mount.type)) continue;
      const size = await host.statFileSystem(mount.mountPoint);
      if (size === null || size.totalBytes === 0) continue;
      fileSystems.push({
        mountPoint: mount.mountPoint,
        usedPercentMin: usageStep(size.totalBytes - size.freeBytes, size.totalBytes),
        inodesUsedPercentMin: usageStep(size.inodes - size.inodesFree, size.inodes),
      });
    }
    return { kind: 'present', body: { fileSystems }, unknownLines: mounts.unknownLines };
  },
});

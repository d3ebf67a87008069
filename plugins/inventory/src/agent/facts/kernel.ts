import { defineCollector, type HostAccess } from '@pilothouse/agent-kit';
import { SECOND_MS } from '@pilothouse/base';
import { kernelFact } from '../../contract.ts';
import { bootParameters, installedReleases, rebootPackages, taintsOf } from '../../domain/kernel-state.ts';
import { clipWord } from '../../domain/parsed.ts';
import { readLine } from '../read-line.ts';

/** The running kernel, those that could run instead, and whether an upgrade asked for a reboot. */
export const kernelCollector = defineCollector({
  fact: kernelFact,
  timeoutMs: 5 * SECOND_MS,
  sources: [
    '/run/reboot-required',
    '/run/reboot-required.pkgs',
    '/boot',
    '/lib/modules',
    '/proc/sys/kernel/tainted',
  ],
  async collect(host) {
    const release = await readLine(host, '/proc/sys/kernel/osrelease');
    if (release === null) {
      return {
        kind: 'absent',
        reason: 'failed',
        detail: {
          en: 'read /proc/sys/kernel/osrelease: it is empty',
          zh: '读取 /proc/sys/kernel/osrelease：内容为空',
        },
      };
    }
    const hasRequest =
      (await host.exists('/run/reboot-required')) || (await host.exists('/var/run/reboot-required'));
    return {
      kind: 'present',
      unknownLines: 0,
      body: {
        release: clipWord(release),
        version: (await readLine(host, '/proc/sys/kernel/version')) ?? '',
        parameters: bootParameters((await host.readText('/proc/cmdline')) ?? ''),
        taints: taintsOf(await readLine(host, '/proc/sys/kernel/tainted')),
        installedReleases: installedReleases((await host.list('/boot')) ?? [], await releasesWithImage(host)),
        rebootRequest: hasRequest
          ? { packages: rebootPackages(await host.readText('/run/reboot-required.pkgs')) }
          : null,
      },
    };
  },
});

/** Fedora and its kin keep the image beside the modules; a directory without one is left over from a removed kernel. */
async function releasesWithImage(host: HostAccess): Promise<string[]> {
  const releases = (await host.list('/lib/modules')) ?? [];
  const hasImage = await Promise.all(releases.map((name) => host.exists(`/lib/modules/${name}/vmlinuz`)));
  return releases.filter((_, i) => hasImage[i]);
}

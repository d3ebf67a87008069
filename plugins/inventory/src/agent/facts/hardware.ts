import { defineCollector, type HostAccess } from '@pilothouse/agent-kit';
import { MINUTE_MS, SECOND_MS } from '@pilothouse/base';
import { type HardwareBody, hardwareFact } from '../../contract.ts';
import { parseCpuinfo } from '../../domain/parse-cpuinfo.ts';
import { meaningful, parseMemoryModules } from '../../domain/parse-dmidecode.ts';
import { clipWord, integerOf } from '../../domain/parsed.ts';
import { guessVirtualization, virtualizationOf } from '../../domain/virtualization.ts';
import { readLine } from '../read-line.ts';
import { readDisks, readPci } from './hardware-devices.ts';

const DMI = '/sys/class/dmi/id';
const MEMORY_STEP_BYTES = 64 * 1024 * 1024;

/** What the host is built of, without serial numbers: two deliveries of one model are equal. */
export const hardwareCollector = defineCollector({
  fact: hardwareFact,
  timeoutMs: MINUTE_MS,
  async collect(host) {
    const cpu = parseCpuinfo((await host.readText('/proc/cpuinfo')) ?? '');
    const dmi = async (name: string) => meaningful(await readLine(host, `${DMI}/${name}`));
    const product = {
      // Boards without DMI say their model in the device tree, with a zero byte at its end.
      vendor: await dmi('sys_vendor'),
      name:
        (await dmi('product_name')) ??
        meaningful((await readLine(host, '/proc/device-tree/model'))?.replaceAll('\0', '')),
      version: await dmi('product_version'),
    };
    const body: HardwareBody = {
      arch: await archOf(host),
      cpu: cpu.value,
      memory: { totalBytes: await memoryOf(host), modules: await memoryModulesOf(host) },
      firmware: {
        vendor: await dmi('bios_vendor'),
        version: await dmi('bios_version'),
        date: await dmi('bios_date'),
        isEfi: await host.exists('/sys/firmware/efi'),
      },
      product,
      disks: await readDisks(host),
      pci: await readPci(host),
      virtualization: await virtualizationOn(host, {
        dmi: `${product.vendor ?? ''} ${product.name ?? ''}`,
        cpuFlags: cpu.value.flags,
      }),
    };
    return { kind: 'present', body, unknownLines: cpu.unknownLines };
  },
});

async function archOf(host: HostAccess): Promise<string> {
  const said = await readLine(host, '/proc/sys/kernel/arch');
  if (said !== null) return clipWord(said);
  const answer = await host.run('uname', ['-m']);
  return clipWord(answer?.stdout.trim() || 'unknown');
}

async function memoryOf(host: HostAccess): Promise<number> {
  const text = (await host.readText('/proc/meminfo')) ?? '';
  const kib = integerOf(/^MemTotal:\s+(\d+) kB/m.exec(text)?.[1]) ?? 0;
  return Math.round((kib * 1024) / MEMORY_STEP_BYTES) * MEMORY_STEP_BYTES;
}

async function memoryModulesOf(host: HostAccess): Promise<HardwareBody['memory']['modules']> {
  if (!host.isRoot || !(await host.exists('/sys/firmware/dmi/tables/DMI'))) return null;
  const answer = await host.run('dmidecode', ['--type', '17'], { timeoutMs: 10 * SECOND_MS });
  return answer?.exitCode === 0 ? parseMemoryModules(answer.stdout) : null;
}

async function virtualizationOn(
  host: HostAccess,
  signs: { readonly dmi: string; readonly cpuFlags: readonly string[] },
): Promise<HardwareBody['virtualization']> {
  // It ends with 1 when it prints `none`.
  const detected = virtualizationOf((await host.run('systemd-detect-virt', []))?.stdout ?? '');
  if (detected.kind !== 'unknown') return detected;
  return guessVirtualization({ ...signs, containerMark: await containerMarkOf(host) });
}

async function containerMarkOf(host: HostAccess): Promise<string | null> {
  const named = await readLine(host, '/run/systemd/container');
  if (named !== null) return clipWord(named);
  if (await host.exists('/run/.containerenv')) return 'podman';
  return (await host.exists('/.dockerenv')) ? 'docker' : null;
}

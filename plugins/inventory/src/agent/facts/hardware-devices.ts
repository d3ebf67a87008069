import type { HostAccess } from '@pilothouse/agent-kit';
import type { HardwareBody } from '../../contract.ts';
import { clipWord, integerOf } from '../../domain/parsed.ts';
import { readLine } from '../read-line.ts';

type Disk = HardwareBody['disks'][number];
type PciDevice = HardwareBody['pci'][number];

/** /sys/block counts in sectors of 512 bytes, whatever the disk's own are. */
const SECTOR_BYTES = 512;
/** Made of other devices, of memory or of files: they are storage, not hardware. */
const NOT_A_DISK = /^(?:loop|ram|zram|dm-|md|nbd|sr|fd|drbd|rbd|bcache|zd)\d*/;
/** A host with more is listed in part; the largest servers have some hundreds. */
const DEVICES_MAX = 4096;

/** Disks that stay: removable ones are left out. */
export async function readDisks(host: HostAccess): Promise<Disk[]> {
  const disks: Disk[] = [];
  const names = ((await host.list('/sys/block')) ?? []).filter((name) => !NOT_A_DISK.test(name));
  for (const name of names.slice(0, DEVICES_MAX)) {
    const at = `/sys/block/${name}`;
    const sectors = integerOf((await readLine(host, `${at}/size`)) ?? undefined) ?? 0;
    if (sectors === 0 || (await readLine(host, `${at}/removable`)) === '1') continue;
    const rotational = await readLine(host, `${at}/queue/rotational`);
    disks.push({
      name: clipWord(name),
      sizeBytes: sectors * SECTOR_BYTES,
      model: await readLine(host, `${at}/device/model`),
      isRotational: rotational === null ? null : rotational === '1',
      transport: transportOf(name, (await host.readLink(at)) ?? ''),
    });
  }
  return disks;
}

/** By the kernel's name of the disk and the path of its controller. */
function transportOf(name: string, path: string): Disk['transport'] {
  if (name.startsWith('nvme')) return 'nvme';
  if (name.startsWith('vd')) return 'virtio';
  if (name.startsWith('mmcblk')) return 'mmc';
  if (name.startsWith('xvd')) return 'xen';
  if (path.includes('/usb')) return 'usb';
  if (path.includes('/virtio')) return 'virtio';
  if (path.includes('/ata')) return 'sata';
  return path.includes('/end_device-') ? 'sas' : 'other';
}

export async function readPci(host: HostAccess): Promise<PciDevice[]> {
  const devices: PciDevice[] = [];
  for (const slot of ((await host.list('/sys/bus/pci/devices')) ?? []).slice(0, DEVICES_MAX)) {
    const at = `/sys/bus/pci/devices/${slot}`;
    const id = async (name: string) =>
      clipWord(((await readLine(host, `${at}/${name}`)) ?? '').replace(/^0x/, ''));
    const driver = (await host.readLink(`${at}/driver`))?.split('/').at(-1);
    devices.push({
      slot: clipWord(slot),
      class: await id('class'),
      vendor: await id('vendor'),
      device: await id('device'),
      driver: driver ? clipWord(driver) : null,
    });
  }
  return devices;
}

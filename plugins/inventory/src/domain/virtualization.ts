import type { HardwareBody } from '../contract.ts';

type Virtualization = HardwareBody['virtualization'];

/** What systemd-detect-virt(1) calls containers; every other word but `none` is a virtual machine. */
const CONTAINERS = new Set(
  'container-other docker lxc lxc-libvirt openvz podman pouch proot rkt systemd-nspawn wsl'.split(' '),
);

/** DMI vendors and products of virtual machines, for hosts without systemd-detect-virt. */
const DMI_SIGNS: readonly [RegExp, string][] = [
  [/KVM|RHEV|oVirt|OpenStack/i, 'kvm'],
  [/QEMU/i, 'qemu'],
  [/VMware/i, 'vmware'],
  [/VirtualBox|innotek/i, 'oracle'],
  [/\bXen\b/i, 'xen'],
  [/Microsoft Corporation.*Virtual Machine/i, 'microsoft'],
  [/Bochs/i, 'bochs'],
  [/Amazon EC2/i, 'amazon'],
  [/Google Compute/i, 'google'],
  [/Alibaba|Huawei Cloud|Tencent/i, 'kvm'],
];

/** One word of systemd-detect-virt. */
export function virtualizationOf(word: string): Virtualization {
  const technology = word.trim();
  if (technology === 'none') return { kind: 'none', technology: null };
  if (!/^[a-z][a-z0-9-]{0,40}$/.test(technology)) return { kind: 'unknown', technology: null };
  return { kind: CONTAINERS.has(technology) ? 'container' : 'vm', technology };
}

/** The same from files alone. */
export function guessVirtualization(signs: {
  readonly containerMark: string | null;
  readonly dmi: string;
  readonly cpuFlags: readonly string[];
}): Virtualization {
  if (signs.containerMark !== null) return { kind: 'container', technology: signs.containerMark };
  const sign = DMI_SIGNS.find(([pattern]) => pattern.test(signs.dmi));
  if (sign !== undefined) return { kind: 'vm', technology: sign[1] };
  if (signs.cpuFlags.includes('hypervisor')) return { kind: 'vm', technology: null };
  // x86 says so in its flags; other architectures give no sign that can be trusted.
  return { kind: signs.cpuFlags.includes('fpu') ? 'none' : 'unknown', technology: null };
}

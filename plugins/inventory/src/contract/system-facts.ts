import { bytes, HOUR_MS, MINUTE_MS } from '@pilothouse/base';
import { defineFact } from '@pilothouse/contract';
import { z } from 'zod';
import { Line, Word } from './text-limits.ts';

/** Which package system owns the host's software, and whose order of versions therefore holds. */
export const PackageSystem = z.enum(['dpkg', 'rpm', 'apk']);
export type PackageSystem = z.infer<typeof PackageSystem>;

export const OsBody = z.object({
  /** `ID` of os-release: debian, openEuler, rocky, alpine. Spelled as the distribution spells it. */
  id: Word,
  /** Empty for rolling distributions. */
  versionId: Word,
  name: Line,
  prettyName: Line,
  codename: Word.nullable(),
  idLike: z.array(Word),
  family: z.enum(['debian', 'rhel', 'suse', 'alpine', 'arch', 'other']),
  initSystem: z.enum(['systemd', 'openrc', 'sysvinit', 'busybox', 'other']),
  /** Name in the IANA database, `Asia/Shanghai`; null when the host does not say. */
  timezone: Word.nullable(),
  locale: Word.nullable(),
});
export type OsBody = z.infer<typeof OsBody>;

export const osFact = defineFact({
  name: 'os',
  title: { en: 'Operating system', zh: '操作系统' },
  body: OsBody,
  isShared: true,
  sizeBytesMax: bytes.kib(16),
  // A release upgrade is seen at once, by the times of its files.
  intervalMs: HOUR_MS,
});

export const KernelBody = z.object({
  /** `uname -r`. */
  release: Word,
  /** `uname -v`: build number and date. */
  version: Line,
  /** Boot parameters in their order; secrets, UUIDs and addresses of this host are masked. */
  parameters: z.array(z.string().max(1024)),
  /** Names of the set bits of /proc/sys/kernel/tainted; an unknown bit is `bit-N`. */
  taints: z.array(Word),
  /** Releases whose image lies on this host ready to boot, oldest first. Empty in containers. */
  installedReleases: z.array(Word),
  /** What the package system left behind to ask for a reboot; null when it did not. */
  rebootRequest: z.object({ packages: z.array(Word) }).nullable(),
});
export type KernelBody = z.infer<typeof KernelBody>;

export const kernelFact = defineFact({
  name: 'kernel',
  title: { en: 'Kernel', zh: '内核' },
  body: KernelBody,
  isShared: true,
  sizeBytesMax: bytes.kib(64),
  // A pending reboot is seen at once, by the times of what asks for it.
  intervalMs: HOUR_MS,
});

export const ModulesBody = z.object({ modules: z.array(Word) });
export type ModulesBody = z.infer<typeof ModulesBody>;

export const modulesFact = defineFact({
  name: 'modules',
  title: { en: 'Kernel modules', zh: '内核模块' },
  body: ModulesBody,
  isShared: true,
  sizeBytesMax: bytes.kib(256),
  intervalMs: HOUR_MS,
});

export const ParametersBody = z.object({
  /** sysctl name → value as the kernel prints it, white space squeezed. Without those that tick or name this host. */
  parameters: z.record(z.string().max(256), z.string().max(1024)),
});
export type ParametersBody = z.infer<typeof ParametersBody>;

export const parametersFact = defineFact({
  name: 'parameters',
  title: { en: 'Kernel parameters', zh: '内核参数' },
  body: ParametersBody,
  isShared: true,
  sizeBytesMax: bytes.kib(512),
  // Asking for all of them is the dearest collection of all; what is written down for the next boot is seen at once.
  intervalMs: HOUR_MS,
});

export const SecurityBody = z.object({
  /** Active security modules in the kernel's order; null when the kernel does not say. */
  modules: z.array(Word).nullable(),
  selinux: z.object({
    state: z.enum(['enforcing', 'permissive', 'disabled', 'absent']),
    /** What /etc/selinux/config asks for at the next boot. */
    configured: z.enum(['enforcing', 'permissive', 'disabled']).nullable(),
    policy: Word.nullable(),
  }),
  apparmor: z.object({
    isEnabled: z.boolean(),
    /** Number of profiles by mode; null where only root may read them. */
    profiles: z.record(Word, z.number().int()).nullable(),
  }),
  lockdown: z.enum(['none', 'integrity', 'confidentiality']).nullable(),
  /** Null on a host without EFI variables. */
  isSecureBoot: z.boolean().nullable(),
  isFips: z.boolean(),
  /** CPU weakness → the kernel's word on it, by name; empty on old kernels. */
  cpuVulnerabilities: z.record(Word, Line),
});
export type SecurityBody = z.infer<typeof SecurityBody>;

export const securityFact = defineFact({
  name: 'security',
  title: { en: 'Security modules', zh: '安全模块' },
  body: SecurityBody,
  isShared: true,
  sizeBytesMax: bytes.kib(64),
  intervalMs: 30 * MINUTE_MS,
});

export const IdentityBody = z.object({
  hostName: Line,
  /** /etc/machine-id; null where there is none. */
  machineId: Word.nullable(),
  /** Changes with each boot. */
  bootId: Word.nullable(),
  /** From DMI, most of it readable by root alone; null when unknown or a vendor's filler such as "To be filled". */
  serials: z.object({
    product: Line.nullable(),
    productUuid: Line.nullable(),
    board: Line.nullable(),
    chassis: Line.nullable(),
  }),
  /** True when an ordinary user collected it, so that a missing serial means nothing. */
  isPartial: z.boolean(),
});
export type IdentityBody = z.infer<typeof IdentityBody>;

export const identityFact = defineFact({
  name: 'identity',
  title: { en: 'Identity', zh: '身份标识' },
  withoutRoot: { en: 'serial numbers', zh: '序列号' },
  body: IdentityBody,
  isShared: false,
  sizeBytesMax: bytes.kib(16),
  intervalMs: HOUR_MS,
});

export const HardwareBody = z.object({
  /** `uname -m`: x86_64, aarch64, riscv64. */
  arch: Word,
  cpu: z.object({
    model: Line.nullable(),
    vendor: Line.nullable(),
    sockets: z.number().int().nullable(),
    /** Physical cores over all sockets; null where the kernel does not tell cores from threads. */
    cores: z.number().int().nullable(),
    threads: z.number().int(),
    flags: z.array(Word),
  }),
  memory: z.object({
    /** MemTotal rounded to 64 MiB: the kernel's own share differs by a few pages from boot to boot. */
    totalBytes: z.number().int(),
    /** Null without dmidecode or root. Serials are left out. */
    modules: z
      .array(
        z.object({
          locator: Line,
          sizeBytes: z.number().int(),
          type: Line.nullable(),
          speed: Line.nullable(),
          vendor: Line.nullable(),
          part: Line.nullable(),
        }),
      )
      .nullable(),
  }),
  firmware: z.object({
    vendor: Line.nullable(),
    version: Line.nullable(),
    date: Line.nullable(),
    isEfi: z.boolean(),
  }),
  product: z.object({ vendor: Line.nullable(), name: Line.nullable(), version: Line.nullable() }),
  disks: z.array(
    z.object({
      name: Word,
      sizeBytes: z.number().int(),
      model: Line.nullable(),
      isRotational: z.boolean().nullable(),
      transport: z.enum(['nvme', 'sata', 'sas', 'virtio', 'mmc', 'usb', 'xen', 'other']),
    }),
  ),
  /** Vendor, device and class as the hexadecimal ids of the PCI registry. */
  pci: z.array(z.object({ slot: Word, class: Word, vendor: Word, device: Word, driver: Word.nullable() })),
  virtualization: z.object({
    kind: z.enum(['none', 'vm', 'container', 'unknown']),
    /** systemd's names: kvm, qemu, vmware, docker, podman, lxc; null for none and unknown. */
    technology: Word.nullable(),
  }),
});
export type HardwareBody = z.infer<typeof HardwareBody>;

export const hardwareFact = defineFact({
  name: 'hardware',
  title: { en: 'Hardware', zh: '硬件' },
  withoutRoot: { en: 'memory modules', zh: '内存条' },
  body: HardwareBody,
  isShared: true,
  sizeBytesMax: bytes.kib(512),
  // Hardware changes with people around; a hot-added disk may wait an hour.
  intervalMs: HOUR_MS,
});

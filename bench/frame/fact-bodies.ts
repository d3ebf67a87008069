/**
 * What simulated hosts say of themselves: every fact of the inventory plugin, in the size and with the sameness of a real
 * fleet. 200 builds of 600 packages; hosts of one build share what the plugin calls shared, and each has an identity,
 * addresses and disks of its own.
 */
import { canonicalJson } from '@pilothouse/contract';
import type {
  AccountsBody,
  HardwareBody,
  IdentityBody,
  KernelBody,
  ModulesBody,
  NetworkBody,
  OsBody,
  PackagesBody,
  ParametersBody,
  ProcessesBody,
  RepositoriesBody,
  SchedulesBody,
  SecurityBody,
  ServicesBody,
  SocketsBody,
  StorageBody,
  StorageUsageBody,
} from '@pilothouse/plugin-inventory/contract';
import { type SimulatedBody, type SimulatedFacts, simulatedBody } from '@pilothouse/testkit';

export const BUILDS = 200;
const PACKAGES = 600;
/** How many of them have a version that differs from build to build. */
const PACKAGES_OF_BUILD = 40;
/** A prime above the number of builds, so that no two of them have the same versions. */
const BUILD_VERSIONS = 211;
/** Of a thousand hosts, so many differ in this way from one day to the next. */
const CHURN = { processes: 100, usage: 30, network: 10 } as const;

export interface Moment {
  /** 0 on the first; everyday churn moves some hosts on with each. */
  readonly day: number;
  /** One package of every build has been upgraded. */
  readonly isUpgraded: boolean;
}

/** By build and state, since hosts of one build share them. */
const shared = new Map<string, SimulatedFacts>();

export function factsOfHost(host: number, moment: Moment): SimulatedFacts {
  const build = host % BUILDS;
  return new Map([...factsOfBuild(build, moment.isUpgraded), ...ownFacts(host, build, moment.day)]);
}

function factsOfBuild(build: number, isUpgraded: boolean): SimulatedFacts {
  const key = `${build} ${isUpgraded}`;
  const known = shared.get(key);
  if (known !== undefined) return known;
  const made = new Map<string, SimulatedBody>([
    ['os', body(os(build))],
    ['kernel', body(kernel(build))],
    ['modules', body(modules())],
    ['parameters', body(parameters(build))],
    ['security', body(security())],
    ['hardware', body(hardware(build))],
    ['packages', body(packages(build, isUpgraded))],
    ['repositories', body(repositories())],
    ['services', body(services(build))],
    ['schedules', body(schedules())],
    ['accounts', body(accounts(build))],
  ]);
  shared.set(key, made);
  return made;
}

function ownFacts(host: number, build: number, day: number): SimulatedFacts {
  return new Map([
    ['identity', ownBody(identity(host))],
    ['network', ownBody(network(host, changes(host, day, CHURN.network)))],
    ['storage', ownBody(storage(host))],
    ['storage-usage', ownBody(storageUsage(changes(host, day, CHURN.usage)))],
    ['processes', ownBody(processes(build, changes(host, day, CHURN.processes)))],
    ['sockets', ownBody(sockets(build))],
  ]);
}

/** How often this host has changed in some way until this day: spread over hosts and days, the same in every run. */
function changes(host: number, day: number, perThousand: number): number {
  let count = 0;
  for (let passed = 1; passed <= day; passed++) {
    if ((host * 7919 + passed * 104_729) % 1000 < perThousand) count += 1;
  }
  return count;
}

const body = (value: unknown): SimulatedBody => simulatedBody(canonicalJson(value));
const ownBody = (value: unknown): SimulatedBody => simulatedBody(canonicalJson(value), true);
const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

const os = (build: number): OsBody => ({
  id: 'openEuler',
  versionId: build % 2 === 0 ? '22.03' : '24.03',
  name: 'openEuler',
  prettyName: `openEuler ${build % 2 === 0 ? '22.03 (LTS-SP4)' : '24.03 (LTS)'}`,
  codename: null,
  idLike: [],
  family: 'rhel',
  initSystem: 'systemd',
  timezone: 'Asia/Shanghai',
  locale: 'zh_CN.UTF-8',
});

const kernel = (build: number): KernelBody => ({
  release: `5.10.0-${200 + (build % 30)}.0.0.oe2203sp4.x86_64`,
  version: `#1 SMP build ${build % 30}`,
  parameters: ['BOOT_IMAGE=/vmlinuz', 'ro', 'crashkernel=512M', 'quiet'],
  taints: [],
  installedReleases: [`5.10.0-${200 + (build % 30)}.0.0.oe2203sp4.x86_64`],
  rebootRequest: null,
});

const modules = (): ModulesBody => ({ modules: times(90, (index) => `module_${hex(index * 7919, 5)}`) });

const parameters = (build: number): ParametersBody => ({
  parameters: Object.fromEntries(
    times(900, (index) => [
      `net.ipv4.subsystem_${index % 30}.parameter_${index}`,
      String(index === build ? 1 : index * 17),
    ]),
  ),
});

const security = (): SecurityBody => ({
  modules: ['lockdown', 'capability', 'selinux'],
  selinux: { state: 'enforcing', configured: 'enforcing', policy: 'targeted' },
  apparmor: { isEnabled: false, profiles: null },
  lockdown: 'none',
  isSecureBoot: true,
  isFips: false,
  cpuVulnerabilities: { meltdown: 'Not affected', spectre_v2: 'Mitigation: Enhanced IBRS' },
});

const hardware = (build: number): HardwareBody => ({
  arch: 'x86_64',
  cpu: {
    model: `Processor model ${build % 12}`,
    vendor: 'GenuineIntel',
    sockets: 2,
    cores: 48,
    threads: 96,
    flags: times(110, (index) => `flag_${index}`),
  },
  memory: {
    totalBytes: 256 * 1024 ** 3,
    modules: times(8, (index) => ({
      locator: `DIMM ${index}`,
      sizeBytes: 32 * 1024 ** 3,
      type: 'DDR4',
      speed: '3200 MT/s',
      vendor: 'Vendor',
      part: 'PART-1',
    })),
  },
  firmware: { vendor: 'Vendor', version: `2.${build % 12}`, date: '2024-05-01', isEfi: true },
  product: { vendor: 'Vendor', name: `Model ${build % 12}`, version: null },
  disks: times(2, (index) => ({
    name: `nvme${index}n1`,
    sizeBytes: 1_920_383_410_176,
    model: 'DISK-1920',
    isRotational: false,
    transport: 'nvme',
  })),
  pci: times(60, (index) => ({
    slot: `0000:${hex(index, 2)}:00.0`,
    class: '0200',
    vendor: '8086',
    device: hex(4096 + index, 4),
    driver: null,
  })),
  virtualization: { kind: 'none', technology: null },
});

const packages = (build: number, isUpgraded: boolean): PackagesBody => ({
  system: 'rpm',
  packages: times(PACKAGES, (index) => {
    const ofBuild = index < PACKAGES_OF_BUILD ? (build * (index + 3)) % BUILD_VERSIONS : 0;
    const isThisOne = isUpgraded && index === PACKAGES - 1;
    return {
      name: `package-${hex(index * 2_654_435 + 16 ** 5, 6)}-${String(index).padStart(3, '0')}`,
      version: `${1 + (index % 9)}.${index % 31}.${ofBuild}-${isThisOne ? 12 : 11}.oe2203sp4`,
      arch: index % 5 === 0 ? 'noarch' : 'x86_64',
      source: `package-${hex(index * 2_654_435 + 16 ** 5, 6)}`,
      origin: 'http://openeuler.org',
    };
  }),
});

const repositories = (): RepositoriesBody => ({
  repositories: times(6, (index) => ({
    system: 'dnf',
    id: `repository-${index}`,
    name: `Repository ${index}`,
    urls: [`https://repo.example.com/openEuler/${index}/x86_64/`],
    suites: [],
    components: [],
    isEnabled: true,
    isSignatureChecked: true,
    file: '/etc/yum.repos.d/openEuler.repo',
  })),
});

const services = (build: number): ServicesBody => ({
  manager: 'systemd',
  units: times(220, (index) => {
    const isOn = index % 4 !== 0 || index === build;
    return {
      name: `unit-${String(index).padStart(3, '0')}.service`,
      load: 'loaded',
      state: isOn ? 'active' : 'inactive',
      sub: isOn ? 'running' : 'dead',
      enabled: isOn ? 'enabled' : 'disabled',
    };
  }),
});

const schedules = (): SchedulesBody => ({
  crons: times(5, (index) => ({
    file: `/etc/cron.d/job-${index}`,
    schedule: `${index} 3 * * *`,
    user: 'root',
    command: `/usr/bin/job-${index} --quiet`,
  })),
  timers: times(12, (index) => ({
    unit: `timer-${index}.timer`,
    activates: `timer-${index}.service`,
    triggers: ['OnCalendar=*-*-* 06:00:00'],
  })),
  unreadable: [],
});

const accounts = (build: number): AccountsBody => ({
  users: times(40, (index) => ({
    name: `user-${index}`,
    uid: index,
    gid: index,
    home: `/home/user-${index}`,
    shell: '/sbin/nologin',
    password: index === build % 40 ? 'set' : 'locked',
  })),
  groups: times(50, (index) => ({ name: `group-${index}`, gid: index, members: [] })),
  sudo: { files: ['/etc/sudoers'], grantees: ['%wheel', 'root'] },
  isSudoReadable: true,
});

const identity = (host: number): IdentityBody => ({
  hostName: `sim-${String(host).padStart(5, '0')}`,
  machineId: hex(host, 32),
  bootId: `${hex(host, 8)}-0000-4000-8000-000000000000`,
  serials: { product: `SN${hex(host, 10)}`, productUuid: null, board: `BN${hex(host, 10)}`, chassis: null },
  isPartial: false,
});

const network = (host: number, moves: number): NetworkBody => ({
  interfaces: times(4, (index) => ({
    name: `eth${index}`,
    link: 'ether',
    mac: `02:00:${hex(host >> 8, 4).slice(0, 2)}:${hex(host >> 8, 4).slice(2)}:${hex(host & 255, 2)}:${hex(index, 2)}`,
    mtu: 1500,
    state: index === 0 ? 'up' : 'down',
    master: null,
    addresses:
      index === 0
        ? [
            {
              family: 'ipv4',
              address: `10.${moves}.${host >> 8}.${host & 255}`,
              prefixLength: 8,
              scope: 'global',
            },
          ]
        : [],
  })),
  routes: [{ family: 'ipv4', destination: 'default', gateway: '10.0.0.1', device: 'eth0', metric: 100 }],
  dns: { servers: ['10.0.0.2', '10.0.0.3'], search: ['example.com'] },
});

const storage = (host: number): StorageBody => ({
  fileSystems: ['/', '/boot', '/data'].map((mountPoint, index) => ({
    mountPoint,
    device: `/dev/disk/by-uuid/${hex(host, 8)}-${hex(index, 4)}`,
    type: 'xfs',
    options: ['relatime', 'rw'],
    sizeBytes: 500 * 1024 ** 3,
    inodes: 250_000_000,
  })),
  swaps: [],
  raids: [],
  lvm: null,
});

const storageUsage = (steps: number): StorageUsageBody => ({
  fileSystems: ['/', '/boot', '/data'].map((mountPoint) => ({
    mountPoint,
    usedPercentMin: [0, 80, 90][steps % 3] ?? 0,
    inodesUsedPercentMin: 0,
  })),
});

const processes = (build: number, restarts: number): ProcessesBody => ({
  processes: times(70, (index) => ({
    name: `process-${index}`,
    commandLine: `/usr/sbin/process-${index} --config /etc/process-${index}.conf`,
    user: index % 3 === 0 ? 'root' : `user-${index % 40}`,
    unit: `unit-${String(index).padStart(3, '0')}.service`,
    instancesMin: index === 0 ? 2 ** (restarts % 5) : index === 1 ? 2 ** (build % 4) : 1,
  })),
  isCut: false,
});

const sockets = (build: number): SocketsBody => ({
  sockets: times(20, (index) => ({
    protocol: index % 4 === 0 ? 'udp' : 'tcp',
    address: '0.0.0.0',
    port: 1000 + index + (build % 10) * 100,
    process: `process-${index}`,
    unit: `unit-${String(index).padStart(3, '0')}.service`,
  })),
  isPartial: false,
});

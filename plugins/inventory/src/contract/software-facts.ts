import { bytes, HOUR_MS, MINUTE_MS } from '@pilothouse/base';
import { defineFact, FACT_BODY_BYTES_MAX } from '@pilothouse/contract';
import { z } from 'zod';
import { PackageSystem } from './system-facts.ts';
import { Line, Word } from './text-limits.ts';

export const InstalledPackage = z.object({
  name: Word,
  /** `[epoch:]version[-release]` as the package system prints it; an epoch of 0 is left out. */
  version: Word,
  arch: Word,
  /** Name of the source package it was built from. */
  source: Word.nullable(),
  /** Vendor (rpm), `Origin` or else the maintainer (dpkg), the maintainer (apk); null when unknown. */
  origin: Line.nullable(),
});
export type InstalledPackage = z.infer<typeof InstalledPackage>;

export const PackagesBody = z.object({
  system: PackageSystem,
  /** Sorted by name, version, arch. One name may stand several times: kernels, multi-arch. */
  packages: z.array(InstalledPackage),
});
export type PackagesBody = z.infer<typeof PackagesBody>;

export const packagesFact = defineFact({
  name: 'packages',
  title: { en: 'Installed packages', zh: '已安装软件包' },
  body: PackagesBody,
  isShared: true,
  sizeBytesMax: FACT_BODY_BYTES_MAX,
  // rpm -qa takes a second of CPU on a big host; installs are seen at once, by the times of the database.
  intervalMs: HOUR_MS,
});

export const Repository = z.object({
  system: z.enum(['apt', 'dnf', 'apk']),
  /** Section name (dnf), or `URI suite` (apt, apk). */
  id: Line,
  name: Line.nullable(),
  /** Base URLs, mirror lists and metalinks with credentials masked. */
  urls: z.array(Line),
  suites: z.array(Word),
  components: z.array(Word),
  isEnabled: z.boolean(),
  /** Null: the package system's default holds. */
  isSignatureChecked: z.boolean().nullable(),
  file: Line,
});
export type Repository = z.infer<typeof Repository>;

export const RepositoriesBody = z.object({ repositories: z.array(Repository) });
export type RepositoriesBody = z.infer<typeof RepositoriesBody>;

export const repositoriesFact = defineFact({
  name: 'repositories',
  title: { en: 'Package repositories', zh: '软件源' },
  body: RepositoriesBody,
  isShared: true,
  sizeBytesMax: bytes.mib(1),
  intervalMs: HOUR_MS,
});

export const ServiceUnit = z.object({
  /** Unit name with its suffix: `nginx.service`, `logrotate.timer`, `dbus.socket`. */
  name: Word,
  /** systemd's LoadState: loaded, not-found, masked, error. `unloaded`: only a unit file. */
  load: Word,
  /** systemd's ActiveState: active, inactive, failed, activating. */
  state: Word,
  /** systemd's SubState: running, exited, dead, auto-restart. */
  sub: Word,
  /** systemd's UnitFileState: enabled, disabled, static, masked; null for units without a file. */
  enabled: Word.nullable(),
});
export type ServiceUnit = z.infer<typeof ServiceUnit>;

export const ServicesBody = z.object({
  manager: z.literal('systemd'),
  /** Services, timers and sockets, sorted by name; without units that live as long as a login or a connection. */
  units: z.array(ServiceUnit),
});
export type ServicesBody = z.infer<typeof ServicesBody>;

export const servicesFact = defineFact({
  name: 'services',
  title: { en: 'Services', zh: '服务' },
  body: ServicesBody,
  isShared: true,
  sizeBytesMax: bytes.mib(1),
  // A unit that starts or ends is seen within half a minute by its traces in /run and in the cgroups.
  intervalMs: 30 * MINUTE_MS,
});

export const ProcessGroup = z.object({
  /** The kernel's short name, at most 15 bytes. */
  name: Word,
  /** Arguments joined by spaces, secrets masked, at most 1024 characters. */
  commandLine: z.string().max(1024),
  user: Word,
  /** systemd unit or container scope from its cgroup; null for neither. */
  unit: Word.nullable(),
  /** How many run alike, rounded down to a power of two, so that a breathing pool is not a change. */
  instancesMin: z.number().int().min(1),
});
export type ProcessGroup = z.infer<typeof ProcessGroup>;

export const ProcessesBody = z.object({
  processes: z.array(ProcessGroup),
  /** True when there were more than the collector reads. */
  isCut: z.boolean(),
});
export type ProcessesBody = z.infer<typeof ProcessesBody>;

export const processesFact = defineFact({
  name: 'processes',
  title: { en: 'Long-running processes', zh: '常驻进程' },
  body: ProcessesBody,
  isShared: false,
  sizeBytesMax: bytes.mib(2),
  intervalMs: 15 * MINUTE_MS,
});

export const ScheduledCommand = z.object({
  file: Line,
  /** The five time fields or `@daily`; `anacron`'s period; the directory's word for cron.daily and its kin. */
  schedule: Word,
  user: Word.nullable(),
  /** Secrets masked, at most 1024 characters. */
  command: z.string().max(1024),
});
export type ScheduledCommand = z.infer<typeof ScheduledCommand>;

export const ScheduledTimer = z.object({
  unit: Word,
  activates: Word,
  /** `OnCalendar=*-*-* 06:00:00`, `OnBootUSec=15min`; sorted. */
  triggers: z.array(Word),
});
export type ScheduledTimer = z.infer<typeof ScheduledTimer>;

export const SchedulesBody = z.object({
  crons: z.array(ScheduledCommand),
  timers: z.array(ScheduledTimer),
  /** Places that only root may read, when an ordinary user collected it. */
  unreadable: z.array(Line),
});
export type SchedulesBody = z.infer<typeof SchedulesBody>;

export const schedulesFact = defineFact({
  name: 'schedules',
  title: { en: 'Scheduled work', zh: '计划任务' },
  body: SchedulesBody,
  isShared: true,
  sizeBytesMax: bytes.mib(1),
  intervalMs: HOUR_MS,
});

export const Account = z.object({
  name: Word,
  uid: z.number().int(),
  gid: z.number().int(),
  home: Line,
  shell: Line,
  /** set: can sign in by password · locked · empty: no password asked · unknown: shadow was not readable. */
  password: z.enum(['set', 'locked', 'empty', 'unknown']),
});
export type Account = z.infer<typeof Account>;

export const AccountsBody = z.object({
  users: z.array(Account),
  groups: z.array(z.object({ name: Word, gid: z.number().int(), members: z.array(Word) })),
  /** Null when sudo is not configured or its files are not readable; `isSudoReadable` tells which. */
  sudo: z.object({ files: z.array(Line), grantees: z.array(Word) }).nullable(),
  isSudoReadable: z.boolean(),
});
export type AccountsBody = z.infer<typeof AccountsBody>;

export const accountsFact = defineFact({
  name: 'accounts',
  title: { en: 'Accounts', zh: '账户' },
  body: AccountsBody,
  isShared: true,
  sizeBytesMax: bytes.mib(2),
  intervalMs: HOUR_MS,
});

import { defineRoute, HostId } from '@pilothouse/contract';
import { z } from 'zod';
import { Word } from './text-limits.ts';

/** Host names listed with a group; more are counted only, so that one answer stays small at any fleet size. */
export const GROUP_HOSTS_SHOWN_MAX = 100;
/** Different package versions in one answer. */
export const SEARCH_GROUPS_MAX = 1000;

const Count = z.object({ value: z.string(), hostsCount: z.number().int() });

/** How many hosts of the reader's scope share each value; largest first. An empty value: not reported. */
export const InventorySummary = z.object({
  hostsCount: z.number().int(),
  os: z.array(Count),
  arch: z.array(Count),
  kernel: z.array(Count),
  virtualization: z.array(Count),
  agentVersion: z.array(Count),
  /** Distinct package lists: what the fleet really has to be judged for. */
  builds: z.object({ distinctCount: z.number().int(), reportedHostsCount: z.number().int() }),
});
export type InventorySummary = z.infer<typeof InventorySummary>;

const summary = defineRoute({
  id: 'inventory.summary',
  method: 'GET',
  path: '/api/v1/inventory/summary',
  summary: {
    en: 'Counts hosts by system, architecture, kernel and virtualization',
    zh: '按系统、架构、内核与虚拟化统计主机',
  },
  access: { kind: 'permission', permission: 'inventory.read' },
  response: InventorySummary,
  errors: [],
  example: {},
});

/** Hosts that have the same package in the same version. Sorted by name, version, arch. */
export const PackageGroup = z.object({
  name: Word,
  version: Word,
  arch: Word,
  source: Word.nullable(),
  hostsCount: z.number().int(),
  /** The first hosts by name, at most GROUP_HOSTS_SHOWN_MAX. */
  hosts: z.array(z.object({ id: HostId, name: z.string() })),
});
export type PackageGroup = z.infer<typeof PackageGroup>;

export const PackageSearch = z.object({
  groups: z.array(PackageGroup),
  /** Hosts in scope whose package list is known and does not have it. */
  withoutCount: z.number().int(),
  /** Hosts in scope that have reported no package list. */
  unknownCount: z.number().int(),
});
export type PackageSearch = z.infer<typeof PackageSearch>;

const packagesSearch = defineRoute({
  id: 'inventory.packages.search',
  method: 'GET',
  path: '/api/v1/inventory/packages',
  summary: {
    en: 'Finds which hosts have a package, and at which version',
    zh: '查找哪些主机安装了某软件包及其版本',
  },
  access: { kind: 'permission', permission: 'inventory.read' },
  query: z.object({
    /** A package name, where `*` stands for any characters. */
    name: z.string().min(1).max(255),
    /** Also match the name of the source package. */
    source: z.enum(['true', 'false']).default('false'),
  }),
  response: PackageSearch,
  errors: ['INVENTORY_SEARCH_TOO_BROAD'],
  example: { query: { name: 'openssl*' } },
});

export const inventoryRoutes = { summary, packagesSearch } as const;

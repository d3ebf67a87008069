import { defineRoute, HostId } from '@pilothouse/contract';
import { z } from 'zod';

/** Host names listed with a group; more are counted only. */
export const GROUP_HOSTS_SHOWN_MAX = 100;
export const PATHS_SHOWN_MAX = 1000;

/** Hosts on which one managed file is meant alike and lies there alike. Sorted by path, then largest first. */
export const FileGroup = z.object({
  path: z.string(),
  digest: z.string(),
  drift: z.string(),
  hostsCount: z.number().int(),
  hosts: z.array(z.object({ id: HostId, name: z.string() })),
});
export type FileGroup = z.infer<typeof FileGroup>;

export const FileStates = z.object({
  groups: z.array(FileGroup),
  /** Groups beyond PATHS_SHOWN_MAX: ask for one path, or fewer hosts. */
  leftOut: z.number().int(),
  /** Hosts in scope that have not said which files they manage. */
  unknownCount: z.number().int(),
});
export type FileStates = z.infer<typeof FileStates>;

export const filesRoutes = {
  states: defineRoute({
    id: 'files.states',
    method: 'GET',
    path: '/api/v1/files',
    summary: { en: 'Groups hosts by managed file and its drift', zh: '按受管文件及其漂移对主机分组' },
    access: { kind: 'permission', permission: 'files.read' },
    query: z.object({
      selector: z.string().min(1).max(4096).optional(),
      path: z.string().min(1).max(4096).optional(),
    }),
    response: FileStates,
    errors: ['SELECTOR_INVALID'],
    example: { query: { path: '/etc/motd' } },
  }),
} as const;

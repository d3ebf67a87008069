import { defineRoute, HostId } from '@pilothouse/contract';
import { z } from 'zod';
import { UnitName } from './actions.ts';

/** Host names listed with a group; more are counted only. */
export const GROUP_HOSTS_SHOWN_MAX = 100;

/** Hosts on which a unit is in the same state; largest group first. */
export const UnitGroup = z.object({
  state: z.string(),
  sub: z.string(),
  /** Null for units without a file. */
  enabled: z.string().nullable(),
  hostsCount: z.number().int(),
  /** The first hosts by name, at most GROUP_HOSTS_SHOWN_MAX. */
  hosts: z.array(z.object({ id: HostId, name: z.string() })),
});
export type UnitGroup = z.infer<typeof UnitGroup>;

export const UnitStates = z.object({
  unit: z.string(),
  groups: z.array(UnitGroup),
  /** Hosts in scope whose services are known and which do not have the unit. */
  withoutCount: z.number().int(),
  /** Hosts in scope that have reported no services. */
  unknownCount: z.number().int(),
});
export type UnitStates = z.infer<typeof UnitStates>;

export const servicesRoutes = {
  states: defineRoute({
    id: 'services.states',
    method: 'GET',
    path: '/api/v1/services/{unit}',
    summary: { en: 'Groups hosts by the state of a unit', zh: '按单元状态对主机分组' },
    access: { kind: 'permission', permission: 'services.read' },
    params: z.object({ unit: UnitName }),
    query: z.object({ selector: z.string().min(1).max(4096).optional() }),
    response: UnitStates,
    errors: ['SELECTOR_INVALID'],
    example: { params: { unit: 'nginx.service' } },
  }),
} as const;
